"""The best few of many scores, without sorting or partitioning them all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import IndexArray

BLOCKS_PER_PLACE = 5


def bar(values: NDArray[Any], k: int) -> Any:
    """A value that at least `k` of `values` reach, close below the k-th highest; the lowest of all for large `k`.

    The k-th highest of the maxima of many equal blocks: one pass, at any number of equal values (a partition of scores
    that are mostly zero takes twenty times as long).
    """
    blocks = k * BLOCKS_PER_PLACE
    depth = len(values) // blocks if blocks else 0
    if depth < 2:  # noqa: PLR2004 (a block of one is the value itself)
        return values.min(initial=np.inf) if len(values) <= k else np.sort(values)[len(values) - k]
    highest = values[: depth * blocks].reshape(depth, blocks).max(axis=0)
    return np.sort(highest)[blocks - k]


def top(values: NDArray[Any], k: int) -> IndexArray:
    """Positions of the `k` highest values, highest first, the lower position first among equals.

    Args:
        values: (n,) without NaN; -inf is never chosen
        k: how many; fewer come back where fewer are above -inf
    """
    if k <= 0 or not len(values):
        return np.empty(0, np.int32)
    least = bar(values, k)
    above = np.flatnonzero(values > least)
    best = above[np.argsort(-values[above], kind="stable")[:k]]
    if len(best) < k and least > -np.inf:
        best = np.r_[best, np.flatnonzero(values == least)[: k - len(best)]]
    return best.astype(np.int32)
