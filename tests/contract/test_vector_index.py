from __future__ import annotations

from recsys.neighbours.exact import ExactIndex
from recsys.neighbours.inverted import InvertedIndex
from recsys.neighbours.ports import VectorIndex, Vectors
from recsys.testing.contracts.vectors import VectorIndexContract


class TestExact(VectorIndexContract):
    def build(self, vectors: Vectors) -> VectorIndex:
        return ExactIndex(vectors)


class TestInverted(VectorIndexContract):
    def build(self, vectors: Vectors) -> VectorIndex:
        """Looking into every cell."""
        index = InvertedIndex(vectors, probes=1)
        index.probes = index.cells
        return index
