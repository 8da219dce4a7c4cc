"""The hybrid's weights, chosen on a validation part that lies between what was learned and what is judged on."""

from __future__ import annotations

from collections.abc import Mapping

from model_trainer.fitting import Fitted
from model_trainer.judging import questions
from model_trainer.plan import Plan
from recsys.algorithms.base import TrainingData
from recsys.evaluation.blending import choose_weights, shortlist
from recsys.preferences import Events
from recsys.settings import EventWeights


def choose_blend(
    fitted: Fitted, train: TrainingData, validation: Events, weights: EventWeights, plan: Plan
) -> Mapping[str, float] | None:
    """Weights by algorithm that rank best what came after `train`; None where nothing can be told."""
    asked = questions(validation, train, weights, limit=plan.validation_users, seed=plan.seed)
    if len(asked.users) < plan.min_validation_users:
        return None
    components = {name.value: model for name, model in fitted.models.items()}
    candidates = shortlist(components, train.histories, asked.relevant, asked.users)
    chosen = choose_weights(candidates, seed=plan.seed)
    return chosen.weights if chosen.ndcg > 0 else None
