"""What a release's lists were clicked, beside what was to be expected of it.

Expected is what the release before was clicked at each rank, times how much better the judge found the new one on one
split: the ranks carry that people look at the top (position bias; Craswell et al., An experimental comparison of click
position-bias models, WSDM 2008), the ratio that clicks should follow the judged quality. A judged figure alone says
nothing of clicks, so the first release is expected nothing of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

RANKS = 50
"""Told apart; deeper places count as the last."""
MIN_SHOWN = 500
"""Places in lists below which nothing is said."""
Z = 1.96


@dataclass(frozen=True, slots=True)
class Shown:
    """Places in lists, and those that were clicked, by rank from 1."""

    places: Mapping[int, int]
    clicks: Mapping[int, int]

    @property
    def n(self) -> int:
        return sum(self.places.values())

    @property
    def rate(self) -> float:
        return sum(self.clicks.values()) / max(self.n, 1)

    def rate_at(self, rank: int) -> float:
        """The overall one at a rank at which nothing was shown."""
        places = self.places.get(rank, 0)
        return self.clicks.get(rank, 0) / places if places else self.rate


@dataclass(frozen=True, slots=True)
class ClickThrough:
    """Of a release's lists; a click counts once for each place."""

    release: str
    shown: int
    observed: float
    low: float
    high: float
    """Ends of the 95 % interval (Wilson, 1927)."""
    predicted: float | None = None
    """None where there is nothing to predict from."""

    @property
    def shortfall(self) -> float:
        """By how much of the prediction clicks stay behind it for sure."""
        return max(0.0, 1 - self.high / self.predicted) if self.predicted else 0.0

    @property
    def figures(self) -> dict[str, Any]:
        return asdict(self)


def click_through(
    release: str, shown: Shown, before: Shown | None = None, quality: float | None = None
) -> ClickThrough | None:
    """None where too little was shown.

    Args:
        release: whose lists
        shown: its lists
        before: those of the release before
        quality: its NDCG@10 over that of the release before, on one split
    """
    if shown.n < MIN_SHOWN:
        return None
    predicted = None
    if before is not None and before.n >= MIN_SHOWN and quality is not None:
        expected = sum(places * before.rate_at(rank) for rank, places in shown.places.items())
        predicted = quality * expected / shown.n
    return ClickThrough(release, shown.n, shown.rate, *_wilson(shown.rate, shown.n), predicted)


def _wilson(rate: float, n: int) -> tuple[float, float]:
    centre, spread = rate + Z**2 / (2 * n), Z * sqrt(rate * (1 - rate) / n + (Z / (2 * n)) ** 2)
    return max(0.0, (centre - spread) / (1 + Z**2 / n)), min(1.0, (centre + spread) / (1 + Z**2 / n))
