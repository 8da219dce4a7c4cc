"""What finds the nearest of many vectors."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Columns = NDArray[np.int32]
NONE = -1
"""The column where nothing more was found."""


class VectorIndex(Protocol):
    """Built once over vectors, numbered from 0; never changed."""

    def search(self, queries: Vectors, k: int) -> tuple[Columns, Vectors]:
        """The `k` vectors of highest inner product with each query, highest first, the lower number among equals.

        Args:
            queries: (n, length) finite
            k: at least 1

        Returns:
            numbers and inner products, (n, k) each; `NONE` and -inf where no more were found

        Raises:
            ValueError: queries of another length, or not finite
        """
        ...


def checked(vectors: Vectors, length: int | None = None) -> Vectors:
    """(n, length) float32 in row order. Raises `ValueError` for another shape or what is not finite."""
    if vectors.ndim != 2 or (length is not None and vectors.shape[1] != length):  # noqa: PLR2004 (rows and columns)
        raise ValueError(f"vectors of shape {vectors.shape}: wanted (n, {length or 'length'})")
    if not np.isfinite(vectors).all():
        raise ValueError("vectors must be finite")
    return np.ascontiguousarray(vectors, np.float32)


def ordered(columns: NDArray[np.integer], scores: Vectors, k: int) -> tuple[Columns, Vectors]:
    """The same entries in the order that `search` promises, cut or filled up to `k`."""
    order = np.lexsort((columns, -scores), axis=-1)[:, :k]
    wide = np.full((len(columns), k), NONE, np.int32), np.full((len(columns), k), -np.inf, np.float32)
    for filled, values in zip(wide, (columns, scores), strict=True):
        filled[:, : order.shape[1]] = np.take_along_axis(values, order, axis=-1)
    return wide
