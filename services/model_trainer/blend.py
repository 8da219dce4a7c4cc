"""The hybrid's weights, chosen on a validation part that lies between what was learned and what is judged on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from model_trainer.fitting import Fitted
from model_trainer.groups import boosts, worst_served
from model_trainer.judging import K, questions
from model_trainer.plan import Plan
from recsys.algorithms.base import IndexArray, TrainingData
from recsys.algorithms.hybrid import HybridConfig
from recsys.demographics import Groups
from recsys.evaluation.activity import choose_by_activity
from recsys.evaluation.blending import ChosenWeights, Lengths, Shortlist, choose_weights, shortlist
from recsys.evaluation.metrics import PerUser
from recsys.preferences import Events
from recsys.settings import EventWeights

ROUNDS = 4
"""Of counting groups that are left behind more, at most."""


def choose_blend(
    fitted: Fitted,
    train: TrainingData,
    validation: Events,
    weights: EventWeights,
    plan: Plan,
    *,
    groups_of: Callable[[IndexArray], Groups] | None = None,
) -> HybridConfig | None:
    """Weights by algorithm that rank best what came after `train`; None where nothing can be told.

    Users who touched little or much have weights of their own where that surely pays.

    With `groups_of`, which tells the groups of some users, those that are left behind count more.
    """
    asked = questions(validation, train, weights, limit=plan.validation_users, seed=plan.seed)
    if len(asked.users) < plan.min_validation_users:
        return None
    components = {name.value: model for name, model in fitted.models.items()}
    candidates = shortlist(components, train.histories, asked.relevant, asked.users)
    chosen = choose_weights(candidates, k=K, seed=plan.seed)
    if groups_of is not None:
        chosen = reweighted(candidates, chosen, groups_of(asked.users), seed=plan.seed)
        return HybridConfig(chosen.weights) if chosen.ndcg > 0 else None
    touched = np.diff(train.histories.weights.indptr)[asked.users]
    return blend_by_activity(candidates, touched, chosen, k=K, seed=plan.seed)


def blend_by_activity(
    candidates: Shortlist, touched: NDArray[np.integer], chosen: ChosenWeights, *, k: Lengths, seed: int
) -> HybridConfig | None:
    """The chosen weights, and others for segments of users where these surely pay; None where nothing was found.

    `touched`: (n,) items that each user of the shortlist had touched.
    """
    if chosen.ndcg <= 0:
        return None
    found = choose_by_activity(candidates, touched, chosen.weights, k=k, seed=seed)
    return HybridConfig(found.weights, found.up_to)


def reweighted(candidates: Shortlist, chosen: ChosenWeights, groups: Groups, *, seed: int = 0) -> ChosenWeights:
    """The choice whose worst served group is served best.

    Each round counts the users of groups that are left behind more, as in boosting, and chooses again. What is kept is
    the highest NDCG of the worst served group, not the smallest distance: making it worse for others is no gain. The
    choice stays as it is where no group is behind, or where no round helps.
    """
    ndcg = _ndcg(candidates, chosen)
    best, least = chosen, worst_served(ndcg, groups)
    user_weights = np.ones(len(ndcg))
    for _ in range(ROUNDS):
        behind = boosts(ndcg, groups)
        if (behind == 1).all():
            break
        user_weights *= behind
        attempt = choose_weights(candidates, k=K, seed=seed, user_weights=user_weights)
        ndcg = _ndcg(candidates, attempt)
        if (reached := worst_served(ndcg, groups)) > least:
            best, least = attempt, reached
    return best


def _ndcg(candidates: Shortlist, chosen: ChosenWeights) -> PerUser:
    weights = np.array([chosen.weights.get(name, 0.0) for name in candidates.names])
    return candidates.ndcg_of_each(weights, K)
