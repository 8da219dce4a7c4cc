"""The hybrid's weights, chosen on a validation part that lies between what was learned and what is judged on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from model_trainer.fitting import Fitted
from model_trainer.judging import Questions, questions
from model_trainer.plan import Plan
from model_trainer.snapshot import Snapshot
from recsys.algorithms.base import TrainingData
from recsys.evaluation.blending import choose_weights, shortlist
from recsys.evaluation.splits import time_split, time_split_per_user
from recsys.preferences import Events
from recsys.settings import EventWeights


@dataclass(frozen=True)
class Validation:
    """What to fit on, and what to ask then."""

    train: TrainingData
    asked: Questions


def validation(snapshot: Snapshot, events: Events, weights: EventWeights, plan: Plan) -> Validation | None:
    """Cut a validation part from `events`; None where too few users can be asked either way.

    One moment for everybody, as the verdict has it. Where users come for a short time each, that leaves hardly anybody
    who was there before and after: then each user's last events, which asks nearly all of them. The verdict's part is
    untouched by either.
    """
    cuts = (
        (time_split(events, test_share=plan.validation_share), plan.enough_validation_users),
        (time_split_per_user(events, test_share=plan.validation_share_per_user), plan.min_validation_users),
    )
    for part, enough in cuts:
        train = snapshot.training_data(part.train, weights)
        asked = questions(part.test, train, weights, limit=plan.validation_users, seed=plan.seed)
        if len(asked.users) >= enough:
            return Validation(train, asked)
    return None


def choose_blend(fitted: Fitted, part: Validation, plan: Plan) -> Mapping[str, float] | None:
    """Weights by algorithm that rank best what came after; None where none of the models foresaw any of it.

    Args:
        fitted: on `part.train`
        part: of at least one user
        plan: with the seed of the search
    """
    components = {name.value: model for name, model in fitted.models.items()}
    candidates = shortlist(components, part.train.histories, part.asked.relevant, part.asked.users)
    chosen = choose_weights(candidates, seed=plan.seed)
    return chosen.weights if chosen.ndcg > 0 else None
