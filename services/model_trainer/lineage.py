"""Small losses add up: each release no worse than the one before for sure, and yet the last one worse than the first.

Each accepted release was compared with the one that was live, on one split. The estimates of these differences, added
up along the chain of champions, say which of the kept releases was best; where that is another one than the live one by
more than a little, the challenger has to stand beside it too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

LITTLE = 0.01
"""Of NDCG@10, as a share of the champion's: less is not worth another fit."""


@dataclass(frozen=True, slots=True)
class Step:
    """How an accepted release stood to the one that was live then."""

    champion: str | None
    difference: float | None
    """Its NDCG@10 less the champion's; None where they were not compared."""


def best_kept(champion: str, steps: Mapping[str, Step], kept: Collection[str], ndcg: float) -> str | None:
    """The release of `kept` that was ahead of `champion` the most; None where none was by more than a little.

    Args:
        champion: the live release
        steps: of accepted releases, by version
        kept: versions whose choices can still be read
        ndcg: the champion's NDCG@10 today
    """
    best, most = None, LITTLE * ndcg
    lead, version, passed = 0.0, champion, {champion}
    while (step := steps.get(version)) and step.champion and step.difference is not None:
        lead, version = lead - step.difference, step.champion
        if version in passed:
            break
        passed.add(version)
        if lead > most and version in kept:
            best, most = version, lead
    return best
