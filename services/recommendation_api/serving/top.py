"""The best of many, exactly and in a fixed order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import IndexArray


def best(scores: NDArray[Any], candidates: IndexArray, n: int, tie_break: NDArray[Any]) -> IndexArray:
    """The `n` candidates with the highest score, best first.

    Ties go to the higher `tie_break`, then to the smaller position, so that an answer never depends on memory order.

    Args:
        scores: (n_positions,)
        candidates: (k,) ascending positions
        n: how many; fewer come back only if there are fewer candidates
        tie_break: (n_positions,)
    """
    values = scores[candidates]
    if not n:
        return candidates[:0]
    if len(candidates) > n:
        bar = np.partition(values, len(values) - n)[len(values) - n]
        kept = values >= bar
        candidates, values = candidates[kept], values[kept]
    order = np.lexsort((candidates, -tie_break[candidates], -values))
    return candidates[order[:n]]
