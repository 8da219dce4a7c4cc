"""Who is like whom: cosine between the liking halves of histories, rare tastes counting more than common ones."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys.algorithms.base import FloatArray, Histories

TINY = float(np.finfo(np.float32).tiny)


class Neighbourhood:
    """tf-idf over users as documents of items: log(1 + weight) x log(n_users / n_users that like the item)."""

    def __init__(self, histories: Histories) -> None:
        weights = histories.weights
        liked = np.log1p(np.maximum(weights.data, 0)).astype(np.float32)
        likers = np.bincount(weights.indices[liked > 0], minlength=weights.shape[1])
        self._rarity = np.log1p(len(histories) / np.maximum(likers, 1)).astype(np.float32)
        rows = np.repeat(np.arange(len(histories)), np.diff(weights.indptr))
        values = liked * self._rarity[weights.indices]
        lengths = np.sqrt(np.bincount(rows, values.astype(np.float64) ** 2, minlength=len(histories)))
        values /= np.maximum(lengths, TINY).astype(np.float32)[rows]
        self._unit = sparse.csr_array((values, weights.indices, weights.indptr), shape=weights.shape, copy=False)

    def cosine(self, weights: FloatArray) -> FloatArray:
        """(n_users,) likeness, 0..1, of every user to one whose item weights, none negative, are (n_items,)."""
        wanted = np.log1p(weights) * self._rarity
        scores: FloatArray = self._unit @ (wanted / max(float(np.linalg.norm(wanted)), TINY))
        return scores.astype(np.float32)
