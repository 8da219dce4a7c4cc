"""Lists for the test part's users, measured: who has no history gets the cold list and counts."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import Histories, IndexArray, Recommender
from recsys.domain import Algorithm
from recsys.evaluation import metrics
from recsys.evaluation.judge import judge, judgement
from recsys.evaluation.metrics import PerUser
from recsys.evaluation.splits import judged_users


@dataclass(frozen=True)
class Scoring:
    """What the test part asks of models that were fitted on `histories`.

    The cold list, popularity's, is that of every user without a history.
    """

    histories: Histories
    """(n_users, n_items) of train; what they touched is not ranked."""
    relevant: sparse.csr_array
    """(n_users, at least n_items); further columns are outside the catalogue, and missed."""
    ks: Sequence[int]
    """List lengths."""
    candidates: sparse.csr_array | None = None
    """(n_users, n_items) whose stored entries alone are ranked."""
    ndcg: dict[Algorithm, PerUser] = field(default_factory=dict)
    """What `score` found of each user at the first length, users with a test item ascending."""

    def score(self, models: Mapping[Algorithm, Recommender]) -> dict[Algorithm, tuple[dict[str, float], float]]:
        """Each model's metrics, means over the users with a test item, and the seconds of its ranking.

        `models` are fitted on `histories`, popularity among them.
        """
        users = judged_users(self.relevant)
        warm = np.diff(self.histories.weights.indptr)[users] > 0
        cold = self._ranked(models[Algorithm.POPULARITY], users[~warm])
        return {name: self._measure(name, model, users, warm, cold) for name, model in models.items()}

    def _measure(
        self, name: Algorithm, model: Recommender, users: IndexArray, warm: NDArray[np.bool_], cold: IndexArray
    ) -> tuple[dict[str, float], float]:
        began = time.monotonic()
        ranked = np.empty((len(users), cold.shape[1]), np.int32)
        ranked[~warm] = cold
        ranked[warm] = self._ranked(model, users[warm])
        seconds = time.monotonic() - began
        judged = judgement(ranked, self.relevant, users, self.ks)
        self.ndcg[name] = judged.per_user[f"ndcg@{self.ks[0]}"]
        n_items = self.histories.weights.shape[1]
        return dict(judged.overall) | {
            f"coverage@{k}": metrics.coverage_at_k(ranked, n_items, k) for k in self.ks
        }, seconds

    def _ranked(self, model: Recommender, users: IndexArray) -> IndexArray:
        return judge(model, self.histories, self.relevant, users, ks=self.ks, candidates=self.candidates).ranked
