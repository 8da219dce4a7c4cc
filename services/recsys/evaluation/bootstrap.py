"""How sure a difference between two algorithms is, from the users that both were judged on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

BLOCK_ENTRIES = 2_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    estimate: float
    low: float
    high: float

    def excludes(self, value: float) -> bool:
        return not self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"


def paired_bootstrap(
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    *,
    statistic: Literal["difference", "ratio"] = "difference",
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Interval of mean(a) - mean(b), or of mean(a) / mean(b), by drawing users with replacement.

    Percentile bootstrap over users, both values of a user drawn together (Efron and Tibshirani, 1993; Sakai,
    Evaluating evaluation metrics based on the bootstrap, SIGIR 2006).

    Args:
        a: (n,) a measure of one algorithm, per user
        b: (n,) of the other, users in the same order
        statistic: what is estimated; a ratio over a mean of zero is infinite, or 1 where both are zero
        resamples: draws of n users each
        confidence: share of the draws inside the interval
        seed: of the draws

    Raises:
        ValueError: no users, or not the same number of them
    """
    if len(a) != len(b) or not len(a):
        raise ValueError(f"needs the same users for both, at least one: got {len(a)} and {len(b)}")
    combine = _ratio if statistic == "ratio" else np.subtract
    both = np.stack([a, b], axis=1).astype(np.float64)
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK_ENTRIES // len(both))
    drawn = [
        both[rng.integers(0, len(both), (min(step, resamples - start), len(both)))].mean(axis=1)
        for start in range(0, resamples, step)
    ]
    means = np.concatenate(drawn)
    tail = (1 - confidence) / 2
    low, high = np.quantile(combine(means[:, 0], means[:, 1]), [tail, 1 - tail], method="nearest")
    mean = both.mean(axis=0, keepdims=True)
    return Interval(float(combine(mean[:, 0], mean[:, 1])[0]), float(low), float(high))


def _ratio(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    over_zero = np.where(a == 0, 1.0, np.inf)
    return np.divide(a, b, out=over_zero, where=b != 0)
