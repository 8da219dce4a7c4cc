"""From scores to lists: exactly the k best, ties broken by column, so that the same scores give the same list."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import FloatArray, IndexArray

NO_ITEM = -1
"""Fills a list when fewer than k items may be shown."""
BLOCK_ENTRIES = 4_000_000
"""Keys held at once, 8 bytes each."""


def rank(
    scores: FloatArray,
    exclude: sparse.csr_array | None,
    k: int,
    *,
    candidates: sparse.csr_array | None = None,
) -> IndexArray:
    """The k highest scored columns of each row, highest first, the lower column first among equals.

    Args:
        scores: (n, n_items) float32, finite
        exclude: (n, n_items), whose stored entries must not appear
        k: length of the lists
        candidates: (n, n_items), whose stored entries alone may appear; None: all

    Returns:
        (n, k) int32; `NO_ITEM` at the end of rows with fewer than k items left
    """
    n, n_items = scores.shape
    ranked = np.full((n, k), NO_ITEM, np.int32)
    size = min(k, n_items)
    step = max(1, BLOCK_ENTRIES // max(n_items, 1))
    for start in range(0, n if size else 0, step):
        stop = min(start + step, n)
        keys = _keys(scores[start:stop])
        if candidates is not None:
            keys[~_mask(candidates, start, stop)] = _EXCLUDED
        if exclude is not None:
            keys[_entries(exclude, start, stop)] = _EXCLUDED
        best = np.sort(np.partition(keys, n_items - size, axis=1)[:, n_items - size :], axis=1)[:, ::-1]
        ranked[start:stop, :size] = np.where(best == _EXCLUDED, NO_ITEM, _COLUMN_MASK - (best & _COLUMN_MASK))
    return ranked


_EXCLUDED = np.iinfo(np.int64).min
_COLUMN_MASK = np.int64(0xFFFFFFFF)


def _keys(scores: FloatArray) -> NDArray[np.int64]:
    """Distinct integers that order as (score, -column) do: the float's bits, made monotonic, above the column's."""
    bits = np.ascontiguousarray(scores, np.float32).view(np.int32) + np.int32(0)
    bits[scores == 0] = 0  # -0.0 equals 0.0
    monotonic = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
    return (monotonic << 32) | (_COLUMN_MASK - np.arange(scores.shape[1]))


def _entries(matrix: sparse.csr_array, start: int, stop: int) -> tuple[NDArray[np.int64], IndexArray]:
    pointers = matrix.indptr[start : stop + 1]
    return np.repeat(np.arange(stop - start), np.diff(pointers)), matrix.indices[pointers[0] : pointers[-1]]


def _mask(matrix: sparse.csr_array, start: int, stop: int) -> NDArray[np.bool_]:
    allowed = np.zeros((stop - start, matrix.shape[1]), bool)
    allowed[_entries(matrix, start, stop)] = True
    return allowed
