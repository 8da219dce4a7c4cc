"""From scores to lists: exactly the k best, ties broken by column, so that the same scores give the same list."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys.algorithms.base import FloatArray, IndexArray
from recsys.algorithms.top import top

NO_ITEM = -1
"""Fills a list when fewer than k items may be shown."""


def rank(
    scores: FloatArray,
    exclude: sparse.csr_array | None,
    k: int,
    *,
    candidates: sparse.csr_array | None = None,
) -> IndexArray:
    """The k highest scored columns of each row, highest first, the lower column first among equals.

    Args:
        scores: (n, n_items), finite; -inf for what must not appear
        exclude: (n, n_items), whose stored entries must not appear
        k: length of the lists
        candidates: (n, n_items), whose stored entries alone may appear; None: all

    Returns:
        (n, k) int32; `NO_ITEM` at the end of rows with fewer than k items left
    """
    ranked = np.full((len(scores), k), NO_ITEM, np.int32)
    for row, given in enumerate(scores):
        values = given.copy() if candidates is None else _only(given, _columns(candidates, row))
        if exclude is not None:
            values[_columns(exclude, row)] = -np.inf
        best = top(values, k)
        ranked[row, : len(best)] = best
    return ranked


def _columns(matrix: sparse.csr_array, row: int) -> IndexArray:
    columns: IndexArray = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
    return columns


def _only(values: FloatArray, columns: IndexArray) -> FloatArray:
    kept = np.full_like(values, -np.inf)
    kept[columns] = values[columns]
    return kept
