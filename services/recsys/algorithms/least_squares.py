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
    inverse: Float64Array | None = None,
) -> Float64Array:
    """For each row u solve (base + sum_e inner_e y_e y_e') x_u = sum_e right_e y_e over its entries e.

    Args:
        indptr: (n + 1,) where each row's entries begin
        indices: (nnz,) the entry's row y_e of `features`
        inner: (nnz,) weight in the matrix, not negative
        right: (nnz,) weight on the right-hand side
        features: (m, f)
        base: (f, f), positive definite
        inverse: (f, f) `inverse_of(base)`, where the caller has kept it

    Returns:
        (n, f) float64; zeros for a row without entries
    """
    solved = np.zeros((len(indptr) - 1, features.shape[1]))
    inverse = inverse_of(base) if inverse is None else inverse
    for rows, entries, present in row_blocks(indptr, features.shape[1]):
        gathered = features[indices[entries]].astype(np.float64)
        roots = np.sqrt(inner[entries] * present, dtype=np.float64)
        wanted = (right[entries] * present).astype(np.float64)
        if entries.shape[1] < features.shape[1]:
            solved[rows] = _dual(gathered, roots, wanted, inverse)
        else:
            turned, weighted = gathered.transpose(0, 2, 1), gathered * (roots**2)[:, :, None]
            solved[rows] = np.linalg.solve(base + turned @ weighted, turned @ wanted[:, :, None])[:, :, 0]
    return solved


def inverse_of(base: Float64Array) -> Float64Array:
    """(f, f), read-only: to be kept beside `base`"""
    inverse: Float64Array = np.linalg.inv(base).astype(np.float64)
    inverse.setflags(write=False)
    return inverse


def _dual(gathered: Float64Array, roots: Float64Array, wanted: Float64Array, inverse: Float64Array) -> Float64Array:
    """Woodbury's identity: a system as large as a row has entries, not features.

    (base + S'S)^-1 Y'r = P'(r - D z) with P = Y base^-1, S = D Y and (I + S base^-1 S') z = D P Y'r.
    """
    projected = gathered @ inverse
    turned = gathered.transpose(0, 2, 1)
    small = (projected * roots[:, :, None]) @ (turned * roots[:, None, :])
    np.einsum("bii->bi", small)[...] += 1
    target = roots[:, :, None] * (projected @ (turned @ wanted[:, :, None]))
    left = wanted - roots * np.linalg.solve(small, target)[:, :, 0]
    solved: Float64Array = (left[:, None, :] @ projected)[:, 0, :]
    return solved


def row_blocks(
    indptr: IndexArray, width: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]]:
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
