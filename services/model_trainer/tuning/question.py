"""What a validation part asks of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.algorithms.base import IndexArray, Recommender, TrainingData
from recsys.evaluation.judge import judge
from recsys.evaluation.splits import judged_users


@dataclass(frozen=True)
class Question:
    data: TrainingData
    """What is learned from."""
    relevant: sparse.csr_array
    """(n_users, n_items) what was kept from the fit"""
    users: IndexArray
    """(n,) rows that are asked, each with a history and something to find"""
    ks: Sequence[int] = (10,)
    """List lengths."""

    @classmethod
    def drawn(
        cls, data: TrainingData, relevant: sparse.csr_array, *, ks: Sequence[int], limit: int, seed: int
    ) -> Question | None:
        """Of at most `limit` users, drawn at random; None where there is nobody to ask."""
        users = judged_users(relevant)
        users = users[np.diff(data.histories.weights.indptr)[users] > 0]
        drawn = np.sort(np.random.default_rng(seed).permutation(users)[:limit])
        return cls(data, relevant, drawn, ks) if len(drawn) else None

    def value(self, model: Recommender) -> float:
        """The mean of NDCG over the list lengths, of a model that was fitted on `data`."""
        judged = judge(model, self.data.histories, self.relevant, self.users, ks=self.ks)
        return float(np.mean([judged.overall[f"ndcg@{k}"] for k in self.ks]))

    @property
    def is_timed(self) -> bool:
        """Whether any user's events have an order."""
        at = self.data.histories.last_at
        return bool(len(at)) and bool(at.min() < at.max())

    @property
    def is_weighted(self) -> bool:
        """Whether some pairs weigh more than others."""
        weights = self.data.histories.weights.data
        return bool(len(weights)) and bool(weights.min() < weights.max())

    @property
    def has_texts(self) -> bool:
        return any(self.data.content.texts)
