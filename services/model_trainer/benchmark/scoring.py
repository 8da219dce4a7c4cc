"""Lists for the test part's users, measured: who has no history gets the cold list and counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

from recsys.algorithms.base import Histories, Recommender
from recsys.domain import Algorithm
from recsys.evaluation import metrics
from recsys.evaluation.judge import judge, judgement
from recsys.evaluation.splits import judged_users


def score(
    models: Mapping[Algorithm, Recommender],
    histories: Histories,
    relevant: sparse.csr_array,
    *,
    ks: Sequence[int],
    candidates: sparse.csr_array | None = None,
) -> dict[Algorithm, dict[str, float]]:
    """Each model's metrics, means over the users with a test item.

    Args:
        models: fitted on `histories`, popularity among them: its list is that of users without a history
        histories: (n_users, n_items) of train; what they touched is not ranked
        relevant: (n_users, at least n_items); further columns are outside the catalogue, and missed
        ks: list lengths
        candidates: (n_users, n_items) whose stored entries alone are ranked
    """
    users = judged_users(relevant)
    warm = np.diff(histories.weights.indptr)[users] > 0
    cold = judge(models[Algorithm.POPULARITY], histories, relevant, users[~warm], ks=ks, candidates=candidates).ranked
    n_items = histories.weights.shape[1]
    measured: dict[Algorithm, dict[str, float]] = {}
    for name, model in models.items():
        ranked = np.empty((len(users), cold.shape[1]), np.int32)
        ranked[~warm] = cold
        ranked[warm] = judge(model, histories, relevant, users[warm], ks=ks, candidates=candidates).ranked
        overall = dict(judgement(ranked, relevant, users, ks).overall)
        overall |= {f"coverage@{k}": metrics.coverage_at_k(ranked, n_items, k) for k in ks}
        measured[name] = overall
    return measured
