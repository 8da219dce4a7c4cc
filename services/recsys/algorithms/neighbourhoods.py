"""Item-item products of a sparse matrix, cut to the nearest few of each row, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import FloatArray

CHUNK_ENTRIES = 8_000_000
"""Bound on the similarities held at once before they are cut."""


def gram_rows(matrix: sparse.csr_array, *, entries: int = CHUNK_ENTRIES) -> Iterator[tuple[int, sparse.csr_array]]:
    """The rows of M M' from the top in blocks: (first row, block) with at most about `entries` stored values each."""
    transposed = matrix.T.tocsr()
    fan_out = np.diff(transposed.indptr)
    upper_bound = np.minimum(_row_sums(matrix, fan_out), matrix.shape[0])
    filled = np.cumsum(upper_bound)
    start = 0
    while start < matrix.shape[0]:
        budget = (filled[start - 1] if start else 0) + entries
        stop = max(start + 1, int(np.searchsorted(filled, budget, side="right")))
        yield start, matrix[start:stop] @ transposed
        start = stop


def _row_sums(matrix: sparse.csr_array, per_column: NDArray[np.int32]) -> NDArray[np.int64]:
    running = np.r_[0, np.cumsum(per_column[matrix.indices], dtype=np.int64)]
    sums: NDArray[np.int64] = running[matrix.indptr[1:]] - running[matrix.indptr[:-1]]
    return sums


def without_diagonal(block: sparse.csr_array, first_row: int) -> sparse.csr_array:
    rows = np.repeat(np.arange(first_row, first_row + block.shape[0]), np.diff(block.indptr))
    block.data[rows == block.indices] = 0
    block.eliminate_zeros()
    return block


def nearest(block: sparse.csr_array, count: int) -> sparse.csr_array:
    """Each row's `count` largest entries, the lower column first among equals; 0 keeps all. Indices sorted."""
    block.sort_indices()
    sizes = np.diff(block.indptr)
    if count <= 0 or sizes.max(initial=0) <= count:
        return block
    keep = np.ones(block.nnz, bool)
    for row in np.flatnonzero(sizes > count):
        begin, end = block.indptr[row], block.indptr[row + 1]
        keep[begin:end] = _largest(block.data[begin:end], count)
    kept = np.minimum(sizes, count)
    indptr = np.r_[0, np.cumsum(kept)].astype(np.int32)
    return sparse.csr_array((block.data[keep], block.indices[keep].astype(np.int32), indptr), shape=block.shape)


def _largest(values: FloatArray, count: int) -> NDArray[np.bool_]:
    threshold = np.partition(values, len(values) - count)[len(values) - count]
    mask: NDArray[np.bool_] = values > threshold
    ties = np.flatnonzero(values == threshold)
    mask[ties[: count - int(mask.sum())]] = True
    return mask
