from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model_trainer.blend import choose_blend
from model_trainer.fitting import Fitted
from model_trainer.judging import questions
from model_trainer.plan import Plan
from recsys.algorithms.base import TrainingData
from recsys.domain import Algorithm
from recsys.evaluation.judge import judge
from recsys.preferences import Events
from recsys.settings import EventWeights

PLAN = Plan(min_validation_users=20)


def _ndcg(fitted: Fitted, weights: dict[str, float], before: TrainingData, later: Events) -> float:
    asked = questions(later, before, EventWeights(), limit=PLAN.validation_users, seed=0)
    hybrid = fitted.with_hybrid(weights)[Algorithm.HYBRID]
    return judge(hybrid, before.histories, asked.relevant, asked.users).overall["ndcg@10"]


def test_chosen_weights_rank_at_least_as_well_as_any_single_model(
    fitted: Fitted, before: TrainingData, later: Events
) -> None:
    chosen = choose_blend(fitted, before, later, EventWeights(), PLAN)
    assert chosen is not None
    assert sum(chosen.values()) == pytest.approx(1, abs=1e-3)
    best_alone = max(_ndcg(fitted, {name.value: 1.0}, before, later) for name in fitted.models)
    assert _ndcg(fitted, dict(chosen), before, later) >= best_alone - 1e-9


def test_too_few_users_choose_nothing(fitted: Fitted, before: TrainingData, later: Events) -> None:
    plan = replace(PLAN, min_validation_users=10_000)
    assert choose_blend(fitted, before, later, EventWeights(), plan) is None


def test_what_nobody_could_foresee_chooses_nothing(fitted: Fitted, before: TrainingData, later: Events) -> None:
    popularity = Fitted({Algorithm.POPULARITY: fitted.models[Algorithm.POPULARITY]}, {})
    last = int(np.argmin(popularity.models[Algorithm.POPULARITY].fold_in(before.histories)[0]))
    unforeseen = Events(later.users, np.full(len(later), last, np.int32), later.types, later.values, later.at)
    plan = replace(PLAN, min_validation_users=1)
    assert choose_blend(popularity, before, unforeseen, EventWeights(), plan) is None
    assert choose_blend(popularity, before, later, EventWeights(), plan) == {"popularity": 1.0}
