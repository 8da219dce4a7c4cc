from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model_trainer.blend import Validation, choose_blend, validation
from model_trainer.fitting import Fitted
from model_trainer.judging import questions
from model_trainer.plan import Plan
from model_trainer.snapshot import Snapshot
from recsys.algorithms.base import TrainingData
from recsys.domain import Algorithm
from recsys.evaluation.judge import judge
from recsys.preferences import Events
from recsys.settings import EventWeights
from recsys.testing.worlds import small_world, training_data, world_events

PLAN = Plan()
NOBODY = 10_000


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    data = training_data(small_world())
    return Snapshot(data.user_ids, data.item_ids, world_events(small_world()), data.content)


@pytest.fixture(scope="module")
def part(before: TrainingData, later: Events) -> Validation:
    return Validation(before, questions(later, before, EventWeights(), limit=PLAN.validation_users, seed=0))


def _ndcg(fitted: Fitted, weights: dict[str, float], part: Validation) -> float:
    hybrid = fitted.with_hybrid(weights)[Algorithm.HYBRID]
    return judge(hybrid, part.train.histories, part.asked.relevant, part.asked.users).overall["ndcg@10"]


def test_chosen_weights_rank_at_least_as_well_as_any_single_model(fitted: Fitted, part: Validation) -> None:
    chosen = choose_blend(fitted, part, PLAN)
    assert chosen is not None
    assert sum(chosen.values()) == pytest.approx(1, abs=1e-3)
    best_alone = max(_ndcg(fitted, {name.value: 1.0}, part) for name in fitted.models)
    assert _ndcg(fitted, dict(chosen), part) >= best_alone - 1e-9


def test_what_nobody_could_foresee_chooses_nothing(
    fitted: Fitted, before: TrainingData, later: Events, part: Validation
) -> None:
    popularity = Fitted({Algorithm.POPULARITY: fitted.models[Algorithm.POPULARITY]}, {})
    last = int(np.argmin(popularity.models[Algorithm.POPULARITY].fold_in(before.histories)[0]))
    unforeseen = Events(later.users, np.full(len(later), last, np.int32), later.types, later.values, later.at)
    asked = questions(unforeseen, before, EventWeights(), limit=100, seed=0)
    assert len(asked.users)
    assert choose_blend(popularity, Validation(before, asked), PLAN) is None
    assert choose_blend(popularity, part, PLAN) == {"popularity": 1.0}


def test_with_enough_users_the_part_is_cut_at_one_moment(snapshot: Snapshot) -> None:
    cut = validation(snapshot, snapshot.events, EventWeights(), replace(PLAN, enough_validation_users=10))
    assert cut is not None
    moment = np.quantile(snapshot.events.at, 1 - PLAN.validation_share, method="higher")
    assert cut.train.as_of < moment
    assert cut.train.as_of == snapshot.events.at[snapshot.events.at < moment].max()


def test_with_few_users_around_any_moment_it_is_each_users_last_events(snapshot: Snapshot) -> None:
    by_time = validation(snapshot, snapshot.events, EventWeights(), replace(PLAN, enough_validation_users=10))
    by_user = validation(snapshot, snapshot.events, EventWeights(), replace(PLAN, enough_validation_users=NOBODY))
    assert by_time is not None
    assert by_user is not None
    assert len(by_user.asked.users) > 2 * len(by_time.asked.users)
    active = np.diff(by_user.train.histories.weights.indptr) > 0
    assert active.sum() == len(np.unique(snapshot.events.users))


def test_too_few_users_either_way_are_not_asked(snapshot: Snapshot) -> None:
    plan = replace(PLAN, enough_validation_users=NOBODY, min_validation_users=NOBODY)
    assert validation(snapshot, snapshot.events, EventWeights(), plan) is None


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_events_are_no_validation_part(snapshot: Snapshot, count: int) -> None:
    few = snapshot.events.where(np.arange(len(snapshot.events)) < count)
    assert validation(snapshot, few, EventWeights(), PLAN) is None
