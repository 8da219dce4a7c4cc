"""What algorithms share that keep, for each item, what goes with it: a history is scored by one sparse product."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from scipy import sparse

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender
from recsys.algorithms.weighting import recent_strengths
from recsys.arrays import load_csr, save_csr


class ItemItems(Recommender):
    """score = H P: H holds the user's strengths, P what each item says of every other one.

    The config has `weighting` and `recency`, which make H; a subclass fits `similarity`, which is P.
    """

    similarity: sparse.csr_array
    """(n_items, n_items) float32, row i what was kept of i, indices sorted, no diagonal"""

    def _history(self, histories: Histories) -> sparse.csr_array:
        return recent_strengths(histories, self.config.weighting, self.config.recency)

    def fold_in(self, histories: Histories) -> FloatArray:
        scores: FloatArray = (self._history(histories) @ self.similarity).toarray()
        return scores

    def score_items(self, histories: Histories, items: IndexArray) -> FloatArray:
        own = self._history(histories)
        touched = np.unique(own.indices)
        scores: FloatArray = own[:, touched] @ self.similarity[touched][:, items].toarray()
        return scores

    def similar(self, items: IndexArray) -> FloatArray:
        """An item's own column holds the maximum of its row."""
        near: FloatArray = self.similarity[items].toarray()
        near[np.arange(len(items)), items] = near.max(axis=1)
        return near

    def explain(self, history: Histories, items: IndexArray) -> FloatArray:
        own = self._history(history)
        brought: FloatArray = self.similarity[own.indices][:, items].toarray().T * own.data
        return brought

    def save(self, folder: Path) -> None:
        self.save_config(folder)
        save_csr(folder, "similarity", self.similarity)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls.load_config(folder)
        model.similarity = load_csr(folder, "similarity")
        return model
