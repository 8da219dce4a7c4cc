"""How far the data has moved from what the live release was trained on, by the population stability index:
sum of (q - p) ln(q / p) over the bins of a distribution, p before and q now (Siddiqi, Credit Risk Scorecards, 2006).
Below .1 nothing has changed, above .25 much has; a bin that was everything and is nothing brings 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_trainer.decision import Reason, Refusal
from model_trainer.quality import Check
from model_trainer.snapshot import Snapshot
from recsys.domain import EVENT_CODES, EventType
from recsys.settings import GateSettings

DISTRIBUTIONS = "distributions"
"""In a manifest's snapshot: what the next training is compared with."""
WORTH_A_WARNING = 0.1
MIN_COUNTED = 500
"""Below, on either side, shares move by chance."""
FLOOR = 0.005
"""No share counts as less: what is new and small is growth."""
MAX_BINS = 100
"""The largest; the rest is OTHER."""
OTHER, NONE = "(other)", "(none)"
POPULARITY_CUTS = (0.01, 0.1, 0.5, 1.0)
"""Of the catalogue, the most popular items first."""

Shares = Sequence[Sequence[Any]]
"""Pairs of a name and its share, as JSON keeps them."""


def distributions(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """By name, how many events (or ratings) it is over, `n`, and `shares`; plain values for a manifest."""
    events = snapshot.events
    is_rating = events.types == EVENT_CODES[EventType.RATING]
    rated = events.values[is_rating & np.isfinite(events.values)]
    types = events.types[(events.types >= 0) & (events.types < len(EventType))]
    category = snapshot.content.category[events.items]
    names = [NONE, *snapshot.content.category_names]
    found = {
        "event types": ([kind.value for kind in EventType], np.bincount(types, minlength=len(EventType))),
        "ratings": (
            [f"{value / 2:g}" for value in range(1, 11)],
            np.bincount(np.clip(np.rint(rated * 2), 1, 10).astype(int) - 1, minlength=10),
        ),
        "categories": (names, np.bincount(category + 1, minlength=len(names))),
        "popularity": _popularity(np.bincount(events.items, minlength=len(snapshot.item_ids))),
    }
    return {
        name: {"n": int(counts.sum()), "shares": _shares(bins, counts)}
        for name, (bins, counts) in found.items()
        if counts.sum()
    }


def check_drift(snapshot: Snapshot, limits: GateSettings, before: Mapping[str, Any] | None = None) -> list[Check]:
    """One check for each distribution that the live release's `snapshot` knows and that enough events are in."""
    known = (before or {}).get(DISTRIBUTIONS, {})
    now = distributions(snapshot)
    return [
        _check(name, stability_index(known[name]["shares"], now[name]["shares"]), limits.max_drift)
        for name in now
        if name in known and min(known[name]["n"], now[name]["n"]) >= MIN_COUNTED
    ]


def stability_index(before: Shares, now: Shares) -> float:
    """Over the bins of `before`; what is new since counts as OTHER."""
    names = [name for name, _ in before if name != OTHER]
    p, q = (_over(names, {str(name): float(share) for name, share in shares}) for shares in (before, now))
    return float(((q - p) * np.log(q / p)).sum())


def _over(names: list[str], shares: Mapping[str, float]) -> NDArray[np.float64]:
    named = [shares.get(name, 0.0) for name in names]
    return np.maximum([*named, 1 - sum(named)], FLOOR)


def _check(name: str, drift: float, limit: float) -> Check:
    check = Check(f"drift of {name}", drift, limit, warn_above=WORTH_A_WARNING)
    if drift <= limit:
        return check
    sentence = (
        f"Not published: the {name} have drifted from what the live release was trained on, stability index "
        f"{drift:.2f}; {limit:.2f} may be. Set RECSTACK_GATE_MAX_DRIFT where that is meant."
    )
    return Check(check.name, drift, limit, Refusal(Reason.DRIFT, sentence), WORTH_A_WARNING)


def _shares(names: list[str], counts: NDArray[np.int64]) -> Shares:
    """The largest MAX_BINS, largest first."""
    total = int(counts.sum())
    largest = np.argsort(-counts, kind="stable")[:MAX_BINS]
    shares = [[names[place], float(counts[place] / total)] for place in largest if counts[place]]
    rest = total - int(counts[largest].sum())
    return [*shares, [OTHER, rest / total]] if rest else shares


def _popularity(counts: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
    """Events by how popular their items are."""
    ordered = np.sort(counts)[::-1]
    cuts = [int(np.ceil(cut * len(ordered))) for cut in POPULARITY_CUTS]
    parts = [ordered[begin:end].sum() for begin, end in zip([0, *cuts], cuts, strict=False)]
    return [f"most popular {cut:.0%}" for cut in POPULARITY_CUTS], np.array(parts)
