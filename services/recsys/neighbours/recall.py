"""How much an approximate index finds of what an exact one would."""

from __future__ import annotations

import numpy as np

from recsys.neighbours.exact import ExactIndex
from recsys.neighbours.ports import VectorIndex, Vectors

SAMPLE = 256
"""Queries, drawn from the vectors themselves."""
ROUNDING = np.float32(1e-5)


def recall(index: VectorIndex, vectors: Vectors, k: int, *, seed: int = 0) -> float:
    """The mean share of the `k` nearest that `index`, built over `vectors`, finds; 1 for no vectors.

    What is found counts if it is as near as the k-th nearest: which of equal vectors comes makes no difference.
    """
    if not len(vectors):
        return 1.0
    drawn = np.random.default_rng(seed).permutation(len(vectors))[:SAMPLE]
    wanted = min(k, len(vectors))
    worst = ExactIndex(vectors).search(vectors[drawn], wanted)[1][:, -1:]
    found = index.search(vectors[drawn], wanted)[1]
    return float((found >= worst - ROUNDING).mean())
