"""Judging models on what users did later: the whole catalogue is ranked, what they had touched is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender
from recsys.algorithms.hybrid import Hybrid, blend
from recsys.evaluation import metrics
from recsys.evaluation.metrics import PerUser
from recsys.evaluation.ranking import rank

MRR_CUT = 100
BATCH = 128


@dataclass(frozen=True)
class Judgement:
    """How good one model's lists were."""

    users: IndexArray
    """(n,) rows that were judged"""
    ranked: IndexArray
    """(n, depth) the lists"""
    per_user: Mapping[str, PerUser]
    """By name as in `ndcg@10`, each (n,) in the order of `users`."""
    overall: Mapping[str, float]
    """The means of `per_user`, and what concerns all lists together: `coverage@10`, `gini@10`."""


def judge(
    model: Recommender,
    histories: Histories,
    relevant: sparse.csr_array,
    users: IndexArray,
    *,
    ks: Sequence[int] = (10, 20),
    candidates: sparse.csr_array | None = None,
    batch: int = BATCH,
) -> Judgement:
    """Rank the catalogue for `users` and compare with what is relevant.

    Args:
        model: fitted on `histories`
        histories: (n_users, n_items) of the training part; what they touched is not ranked
        relevant: (n_users, n_items) whose stored entries are the relevant items
        users: (n,) rows to judge
        ks: list lengths
        candidates: (n_users, n_items) whose stored entries alone are ranked; None: the whole catalogue
        batch: users scored at once
    """
    return judge_all({"model": model}, histories, relevant, users, ks=ks, candidates=candidates, batch=batch)["model"]


def judge_all(
    models: Mapping[str, Recommender],
    histories: Histories,
    relevant: sparse.csr_array,
    users: IndexArray,
    *,
    ks: Sequence[int] = (10, 20),
    candidates: sparse.csr_array | None = None,
    batch: int = BATCH,
) -> dict[str, Judgement]:
    """`judge` for several models on the same users; a hybrid reuses the scores of components that are judged too."""
    depth = max(*ks, MRR_CUT)
    ranked: dict[str, list[IndexArray]] = {name: [] for name in models}
    for start in range(0, len(users), batch):
        rows = users[start : start + batch]
        part = histories.rows(rows)
        allowed = candidates[rows] if candidates is not None else None
        for name, scores in score_all(models, rows, part):
            ranked[name].append(rank(scores, part.weights, depth, candidates=allowed))
    empty = np.empty((0, depth), np.int32)
    return {name: judgement(np.vstack(lists or [empty]), relevant, users, ks) for name, lists in ranked.items()}


def score_all(
    models: Mapping[str, Recommender], users: IndexArray, histories: Histories
) -> Iterator[tuple[str, FloatArray]]:
    """Each model's scores for one batch; hybrids come last and blend those of the others."""
    known: dict[int, FloatArray] = {}
    hybrids = {name: model for name, model in models.items() if isinstance(model, Hybrid)}
    kept = {id(component) for hybrid in hybrids.values() for component in hybrid.components.values()}
    for name, model in models.items():
        if name not in hybrids:
            scores = model.score(users, histories)
            if id(model) in kept:
                known[id(model)] = scores
            yield name, scores
    for name, hybrid in hybrids.items():
        parts = {
            source: known[id(component)] if id(component) in known else component.score(users, histories)
            for source, component in hybrid.components.items()
        }
        yield name, blend(parts, hybrid.scales(histories))


def judgement(ranked: IndexArray, relevant: sparse.csr_array, users: IndexArray, ks: Sequence[int]) -> Judgement:
    """Measure lists that were made already: ranked[i] is that of users[i]."""
    wanted = relevant[users]
    hits = metrics.hits_of(ranked, wanted)
    n_relevant = np.diff(wanted.indptr)
    per_user: dict[str, PerUser] = {"mrr": metrics.mrr(hits, MRR_CUT)}
    overall: dict[str, float] = {}
    for k in ks:
        per_user[f"precision@{k}"] = metrics.precision_at_k(hits, k)
        per_user[f"recall@{k}"] = metrics.recall_at_k(hits, n_relevant, k)
        per_user[f"ndcg@{k}"] = metrics.ndcg_at_k(hits, n_relevant, k)
        per_user[f"hit_rate@{k}"] = metrics.hit_rate_at_k(hits, k)
        per_user[f"map@{k}"] = metrics.map_at_k(hits, n_relevant, k)
        overall[f"coverage@{k}"] = metrics.coverage_at_k(ranked, relevant.shape[1], k)
        overall[f"gini@{k}"] = metrics.gini(metrics.exposure(ranked, relevant.shape[1], k))
    overall |= {name: float(values.mean()) if len(values) else 0.0 for name, values in per_user.items()}
    return Judgement(users, ranked, per_user, overall)
