"""From ids to positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import IndexArray


def locate(ascending: NDArray[np.int64], ids: NDArray[np.int64]) -> IndexArray:
    """Where each of `ids` stands in `ascending`.

    Args:
        ascending: (n,) without repeats
        ids: (k,)

    Returns:
        (k,) position, -1 for an id that is not there.
    """
    if not len(ascending):
        return np.full(len(ids), -1, np.int32)
    at = np.searchsorted(ascending, ids)
    at[at == len(ascending)] = 0
    return np.where(ascending[at] == ids, at, -1).astype(np.int32)
