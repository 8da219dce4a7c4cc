"""Every vector is looked at."""

from __future__ import annotations

import numpy as np

from recsys.neighbours.ports import Columns, Vectors, checked, ordered

ENTRIES = 16_000_000
"""Bound on the products that are held at once."""


class ExactIndex:
    """A matrix product and a partition; the reference that recall is measured against."""

    def __init__(self, vectors: Vectors) -> None:
        self.vectors = checked(vectors)

    def search(self, queries: Vectors, k: int) -> tuple[Columns, Vectors]:
        queries = checked(queries, self.vectors.shape[1])
        rows = max(1, ENTRIES // max(1, len(self.vectors)))
        blocks = [self._block(queries[start : start + rows], k) for start in range(0, max(1, len(queries)), rows)]
        columns, scores = zip(*blocks, strict=True)
        return np.concatenate(columns), np.concatenate(scores)

    def _block(self, queries: Vectors, k: int) -> tuple[Columns, Vectors]:
        scores = queries @ self.vectors.T
        if k < len(self.vectors):
            best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        else:
            best = np.broadcast_to(np.arange(len(self.vectors)), scores.shape)
        return ordered(best, np.take_along_axis(scores, best, axis=1), k)
