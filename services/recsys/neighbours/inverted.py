"""An inverted file by FAISS: vectors lie in cells, and a query looks into the cells nearest to it."""

from __future__ import annotations

import math

import numpy as np

from recsys.neighbours.ports import NONE, Columns, Vectors, checked, ordered

CELLS_PER_ROOT = 4
"""Cells for each square root of the number of vectors: FAISS's guideline for up to a million."""

ROUNDS = 10
SAMPLE_PER_CELL = 64
"""Rounds of k-means, and vectors that it looks at for each cell: cells need not be perfect."""


class InvertedIndex:
    """`IndexIVFFlat`: k-means cells (Jégou, Douze and Schmid, TPAMI 2011), vectors kept as they are.

    Rather than a graph: the same vectors give the same answers however many threads build it, and many queries at once
    are matrix products.
    """

    def __init__(self, vectors: Vectors, *, probes: int, seed: int = 0) -> None:
        import faiss

        vectors = checked(vectors)
        length = vectors.shape[1]
        self.size = len(vectors)
        cells = max(1, min(self.size, round(CELLS_PER_ROOT * math.sqrt(self.size))))
        self._index = faiss.IndexIVFFlat(faiss.IndexFlatIP(length), length, cells, faiss.METRIC_INNER_PRODUCT)
        self._index.cp.seed = seed
        self._index.cp.niter = ROUNDS
        self._index.cp.max_points_per_centroid = SAMPLE_PER_CELL
        self._index.cp.min_points_per_centroid = 1  # fewer are a warning on stderr
        self._index.nprobe = probes
        if self.size:
            self._index.train(vectors)
            self._index.add(vectors)

    @property
    def cells(self) -> int:
        return int(self._index.nlist)

    @property
    def probes(self) -> int:
        """Cells that a query looks into; more find more, and take longer."""
        return int(self._index.nprobe)

    @probes.setter
    def probes(self, count: int) -> None:
        self._index.nprobe = count

    def search(self, queries: Vectors, k: int) -> tuple[Columns, Vectors]:
        queries = checked(queries, self._index.d)
        if not self.size or not len(queries):
            return ordered(np.empty((len(queries), 0), np.int32), np.empty((len(queries), 0), np.float32), k)
        scores, columns = self._index.search(queries, min(k, self.size))
        return ordered(columns, np.where(columns == NONE, -np.inf, scores).astype(np.float32), k)
