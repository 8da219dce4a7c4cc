"""The settings of the live release: where a training begins."""

from __future__ import annotations

from collections.abc import Sequence

from model_trainer.tuning.space import Settings
from recsys.algorithms.registry import create
from recsys.domain import Algorithm
from recsys.manifest import Manifest


def known_settings(live: Manifest | None, names: Sequence[Algorithm]) -> dict[Algorithm, Settings]:
    """Of each of `names` that the live release holds, as far as this version of the program can still make them."""
    known: dict[Algorithm, Settings] = {}
    for name in names:
        entry = live.algorithms.get(name) if live else None
        if entry is None:
            continue
        try:
            create(name, entry.settings)
        except (TypeError, ValueError):
            continue
        known[name] = entry.settings
    return known
