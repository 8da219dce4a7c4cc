"""Many small least-squares problems at once, one a row of a sparse matrix: the step that factorisations alternate."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import FloatArray, IndexArray

Float64Array = NDArray[np.float64]

BLOCK_VALUES = 2_000_000
"""Bound on the gathered features held at once, 8 bytes each."""


def confident_rows(
    indptr: IndexArray,
    indices: IndexArray,
    *,
    inner: FloatArray,
    right: FloatArray,
    features: FloatArray,
    base: Float64Array,
) -> Float64Array:
    """For each row u solve (base + sum_e inner_e y_e y_e') x_u = sum_e right_e y_e over its entries e.

    Args:
        indptr: (n + 1,) where each row's entries begin
        indices: (nnz,) the entry's row y_e of `features`
        inner: (nnz,) weight in the matrix
        right: (nnz,) weight on the right-hand side
        features: (m, f)
        base: (f, f), positive definite

    Returns:
        (n, f) float64; zeros for a row without entries
    """
    solved = np.zeros((len(indptr) - 1, features.shape[1]))
    for rows, entries, present in _blocks(indptr, features.shape[1]):
        gathered = features[indices[entries]].astype(np.float64)
        weighted = gathered * (inner[entries] * present)[:, :, None]
        targets = gathered.transpose(0, 2, 1) @ (right[entries] * present)[:, :, None]
        solved[rows] = np.linalg.solve(base + gathered.transpose(0, 2, 1) @ weighted, targets)[:, :, 0]
    return solved


def ridge_rows(
    indptr: IndexArray,
    indices: IndexArray,
    *,
    targets: Float64Array,
    features: Float64Array,
    ridge: Float64Array,
) -> Float64Array:
    """For each row u minimise sum_e (target_e - y_e . x_u)^2 + ridge_u |x_u|^2 over its entries e.

    Rows with fewer entries than features are solved in their dual, a system as large as they have entries.

    Args:
        indptr: (n + 1,) where each row's entries begin
        indices: (nnz,) the entry's row y_e of `features`
        targets: (nnz,)
        features: (m, f)
        ridge: (n,) positive

    Returns:
        (n, f) float64; zeros for a row without entries
    """
    solved = np.zeros((len(indptr) - 1, features.shape[1]))
    for rows, entries, present in _blocks(indptr, features.shape[1]):
        gathered: Float64Array = features[indices[entries]] * present[:, :, None]
        turned = gathered.transpose(0, 2, 1)
        wanted: Float64Array = (targets[entries] * present)[:, :, None]
        if entries.shape[1] < features.shape[1]:
            result = turned @ np.linalg.solve(_ridged(gathered @ turned, ridge[rows]), wanted)
        else:
            result = np.linalg.solve(_ridged(turned @ gathered, ridge[rows]), turned @ wanted)
        solved[rows] = result[:, :, 0]
    return solved


def _ridged(matrices: Float64Array, ridge: Float64Array) -> Float64Array:
    np.einsum("bii->bi", matrices)[...] += ridge[:, None]
    return matrices


def _blocks(indptr: IndexArray, width: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]]:
    """Rows that have entries, those of similar length together, so that little is padded: the rows, (n, longest)
    positions of their entries, and which of these are theirs.
    """
    lengths = np.diff(indptr)
    order = np.argsort(lengths, kind="stable")
    ordered = lengths[order]
    start = int(np.searchsorted(ordered, 0, side="right"))
    while start < len(order):
        alike = int(np.searchsorted(ordered, ordered[start] * 5 // 4, side="right"))
        longest = int(ordered[alike - 1])
        stop = min(alike, start + max(1, BLOCK_VALUES // (width * max(longest, width))))
        rows = order[start:stop]
        present = np.arange(longest) < lengths[rows][:, None]
        yield rows, indptr[rows].astype(np.int64)[:, None] + np.where(present, np.arange(longest), 0), present
        start = stop
