"""Drawing many things at once, each by weights of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]


def running_total(weights: Floats) -> Floats:
    """(n + 1,) sums of the first 0..n weights."""
    return np.concatenate(([0.0], np.cumsum(weights)))


def draw_within(totals: Floats, start: Integers, stop: Integers, uniform: Floats) -> NDArray[np.int64]:
    """One position out of each range `start..stop`, by the weights that `totals` is the running total of.

    Args:
        totals: (n + 1,) from `running_total`
        start: (k,) first position of the range; the weights in it must not all be zero
        stop: (k,) one past the last
        uniform: (k,) or (k, m) chances in [0, 1)

    Returns:
        Positions shaped like `uniform`; none has weight zero.
    """
    low, high = totals[start], totals[stop]
    if uniform.ndim > 1:
        low, high = low[:, None], high[:, None]
    target = np.minimum(low + uniform * (high - low), np.nextafter(high, low))
    positions: NDArray[np.int64] = np.searchsorted(totals, target, side="right") - 1
    return positions


def choose(rng: np.random.Generator, logits: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """(n,) a column for each row of `logits` (n, m), with odds exp(logit)."""
    columns: NDArray[np.int64] = np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)
    return columns


def apportion(total: int, weights: Floats) -> NDArray[np.int64]:
    """Whole numbers that add up to `total`, as near to the weights' proportions as can be (largest remainders)."""
    exact = weights * (total / weights.sum())
    shares: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    missing = total - int(shares.sum())
    shares[np.argsort(shares - exact, kind="stable")[:missing]] += 1
    return shares
