"""What must hold before a release may be published."""

from __future__ import annotations

import numpy as np

from model_trainer.exits import ReleaseRefused
from model_trainer.judging import BATCH, Verdict
from model_trainer.plan import Plan
from recsys.algorithms.base import Histories
from recsys.domain import Algorithm
from recsys.release import Release

MAY_BE_FLAT = frozenset({Algorithm.CONTENT_BASED})
"""A catalogue may have no text."""


def refuse_worse_than_chance(verdict: Verdict | None, plan: Plan) -> None:
    """Raises `ReleaseRefused` unless the hybrid beats random lists, where enough users were asked to tell."""
    if verdict is not None and is_telling(verdict, plan) and verdict.versus_random.low <= 0:
        difference = verdict.versus_random
        raise ReleaseRefused(f"Not published: the hybrid is no better than random lists, NDCG@10 {difference} apart.")


def is_telling(verdict: Verdict | None, plan: Plan) -> bool:
    """Whether enough users were asked for the verdict to decide something."""
    return verdict is not None and verdict.n_users >= plan.min_judged_users


def refuse_broken_models(release: Release, *, may_be_flat: bool) -> None:
    """Raises `ReleaseRefused` for a model that does not give a finite score for each user and item, or (unless
    `may_be_flat`, for data too small to learn from) tells no item from another.

    Asked for are the first users with a history, and somebody without any.
    """
    weights = release.histories.weights
    rows = np.flatnonzero(np.diff(weights.indptr))[:BATCH].astype(np.int32)
    histories, nobody = release.histories.rows(rows), Histories.empty(1, weights.shape[1])
    for name, model in release.models.items():
        scores = np.vstack([model.score(rows, histories), model.fold_in(nobody)])
        if scores.shape != (len(rows) + 1, weights.shape[1]) or not np.isfinite(scores).all():
            raise ReleaseRefused(f"Not published: {name.value} does not give a finite score for each user and item.")
        if not may_be_flat and name not in MAY_BE_FLAT and not np.ptp(scores[:-1], axis=1).any():
            raise ReleaseRefused(f"Not published: {name.value} scores every item alike, for every user.")
