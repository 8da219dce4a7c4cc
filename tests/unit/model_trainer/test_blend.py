from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from model_trainer.blend import choose_blend, reweighted
from model_trainer.fitting import Fitted
from model_trainer.groups import worst_served
from model_trainer.judging import questions
from model_trainer.plan import Plan
from recsys.algorithms.base import IndexArray, TrainingData
from recsys.algorithms.hybrid import HybridConfig
from recsys.demographics import Groups
from recsys.domain import Algorithm
from recsys.evaluation.blending import ChosenWeights, Shortlist, choose_weights
from recsys.evaluation.judge import judge
from recsys.preferences import Events
from recsys.settings import EventWeights

PLAN = Plan(min_validation_users=20)


def _ndcg(fitted: Fitted, weights: dict[str, float], before: TrainingData, later: Events) -> float:
    asked = questions(later, before, EventWeights(), limit=PLAN.validation_users, seed=0)
    hybrid = fitted.with_hybrid(HybridConfig(weights))[Algorithm.HYBRID]
    return judge(hybrid, before.histories, asked.relevant, asked.users).overall["ndcg@10"]


def test_chosen_weights_rank_at_least_as_well_as_any_single_model(
    fitted: Fitted, before: TrainingData, later: Events
) -> None:
    chosen = choose_blend(fitted, before, later, EventWeights(), PLAN)
    assert chosen is not None
    assert sum(chosen.weights.values()) == pytest.approx(1, abs=1e-3)
    best_alone = max(_ndcg(fitted, {name.value: 1.0}, before, later) for name in fitted.models)
    assert _ndcg(fitted, dict(chosen.weights), before, later) >= best_alone - 1e-9


def test_too_few_users_choose_nothing(fitted: Fitted, before: TrainingData, later: Events) -> None:
    plan = replace(PLAN, min_validation_users=10_000)
    assert choose_blend(fitted, before, later, EventWeights(), plan) is None


def test_what_nobody_could_foresee_chooses_nothing(fitted: Fitted, before: TrainingData, later: Events) -> None:
    popularity = Fitted({Algorithm.POPULARITY: fitted.models[Algorithm.POPULARITY]}, {})
    last = int(np.argmin(popularity.models[Algorithm.POPULARITY].fold_in(before.histories)[0]))
    unforeseen = Events(later.users, np.full(len(later), last, np.int32), later.types, later.values, later.at)
    plan = replace(PLAN, min_validation_users=1)
    assert choose_blend(popularity, before, unforeseen, EventWeights(), plan) is None
    assert choose_blend(popularity, before, later, EventWeights(), plan) == HybridConfig({"popularity": 1.0})


def two_groups(*, minority: int = 100, seed: int = 0) -> tuple[Shortlist, Groups]:
    """400 users whom component `a` serves, and a few whom only `b` does; `a` misleads those."""
    rng = np.random.default_rng(seed)
    n, width = 400 + minority, 60
    few = np.arange(n) >= 400
    relevant = rng.random((n, width)) < 0.08
    relevant[:, 0] = True
    pull = np.where(few, -0.3, 1.2)[:, None], np.where(few, 1.2, 0.6)[:, None]
    scores = [strength * relevant + rng.normal(0, 1, (n, width)) for strength in pull]
    candidates = Shortlist(
        names=("a", "b"),
        scores=np.array(scores, np.float32),
        valid=np.ones((n, width), bool),
        relevant=relevant,
        n_relevant=relevant.sum(axis=1).astype(np.int32),
    )
    return candidates, {"age": ["65+" if one else "25-34" for one in few]}


def _served(candidates: Shortlist, chosen: ChosenWeights) -> NDArray[np.float64]:
    return candidates.ndcg_of_each(np.array([chosen.weights.get(name, 0.0) for name in candidates.names]), 10)


def test_a_group_that_is_left_behind_is_served_better_when_it_counts_more() -> None:
    candidates, groups = two_groups()
    plain = choose_weights(candidates)
    fair = reweighted(candidates, plain, groups)
    before, after = _served(candidates, plain), _served(candidates, fair)
    assert worst_served(before, groups) == pytest.approx(before[400:].mean())
    assert before[400:].mean() < 0.8 * before.mean()
    assert after[400:].mean() > 1.5 * before[400:].mean()
    assert after[400:].mean() > 0.9 * after.mean()
    assert after.mean() > 0.8 * before.mean()


def test_where_nobody_is_left_behind_the_choice_stays() -> None:
    candidates, groups = two_groups()
    plain = choose_weights(candidates)
    alike = {"age": ["25-34", "65+"] * 250}
    assert reweighted(candidates, plain, alike) is plain
    few, groups = two_groups(minority=20)
    plain = choose_weights(few)
    assert reweighted(few, plain, groups) is plain


def test_groups_are_asked_for_the_users_of_the_validation_part(
    fitted: Fitted, before: TrainingData, later: Events
) -> None:
    asked: list[list[int]] = []

    def groups_of(users: IndexArray) -> Groups:
        asked.append(users.tolist())
        return {"age": ["65+"] * len(users)}

    alike = choose_blend(fitted, before, later, EventWeights(), PLAN, groups_of=groups_of)
    assert asked == [questions(later, before, EventWeights(), limit=PLAN.validation_users, seed=0).users.tolist()]
    assert alike == choose_blend(fitted, before, later, EventWeights(), PLAN)
