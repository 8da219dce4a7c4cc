"""A user's own past tells more than a stranger's, unless the labels went astray."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model_trainer.fitting import DEFAULT_ALGORITHMS, Fitted, fit
from model_trainer.judging import Questions, questions
from model_trainer.personal import find_taste, places
from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender, TrainingData
from recsys.algorithms.hybrid import HybridConfig
from recsys.algorithms.popularity import Popularity
from recsys.domain import Algorithm
from recsys.preferences import Events, to_histories
from recsys.settings import EventWeights
from recsys.testing.histories import data_of, histories_of
from recsys.testing.worlds import small_world, world_events

WEIGHTS = EventWeights()


class Given(Popularity):
    """Scores each user as the table says."""

    table: FloatArray

    def score(self, users: IndexArray, histories: Histories) -> FloatArray:
        del histories
        return self.table[users]


def given(table: list[list[float]]) -> Recommender:
    model = Given()
    model.table = np.array(table, np.float32)
    return model


def astray(before: TrainingData, later: Events, seed: int) -> TrainingData:
    """`before`, but for every event's item, which is another one's."""
    events = world_events(small_world())
    earlier = events.where(events.at < later.at.min())
    mixed = replace(earlier, items=np.random.default_rng(seed).permutation(earlier.items))
    shape = {"n_users": len(before.user_ids), "n_items": len(before.item_ids)}
    return replace(before, histories=to_histories(mixed, weights=WEIGHTS, **shape))


def test_places_are_those_among_what_neither_had_touched() -> None:
    """The first user came to like item 3, the second items 4 and, which the first had, 0. Free are 2 to 5."""
    train = data_of(histories_of([{0: 1.0}, {1: 1.0}], 6))
    relevant = histories_of([{3: 1.0}, {0: 1.0, 4: 1.0}], 6).weights
    model = given([[9, 9, 1, 4, 2, 3], [9, 9, 5, 5, 5, 5]])
    own, stranger = places(model, train, relevant, np.array([[0, 1]], np.int32))
    assert own == pytest.approx([(3.5 / 4 + 2 / 4) / 2])
    assert stranger == pytest.approx([(2 / 4 + 1.5 / 4) / 2])


def test_each_of_the_others_pasts_counts_alike() -> None:
    """The first user came to like item 3; own past: on top of three, the others': last and in the middle."""
    train = data_of(histories_of([{0: 1.0}, {1: 1.0}, {2: 1.0}], 6))
    relevant = histories_of([{3: 1.0}, {}, {}], 6).weights
    model = given([[0, 0, 0, 3, 2, 1], [0, 0, 0, 1, 2, 3], [0, 0, 0, 2, 1, 3]])
    own, stranger = places(model, train, relevant, np.array([[0, 1, 2]], np.int32))
    assert own == pytest.approx([5 / 6 / 3])
    assert stranger == pytest.approx([(1 / 6 + 3 / 6) / 2 / 3])


def test_a_pair_with_nothing_to_find_says_nothing() -> None:
    train = data_of(histories_of([{0: 1.0}, {1: 1.0}], 3))
    relevant = histories_of([{1: 1.0}, {0: 1.0}], 3).weights
    own, stranger = places(given([[1, 2, 3], [3, 2, 1]]), train, relevant, np.array([[0, 1]], np.int32))
    assert (own.tolist(), stranger.tolist()) == ([0.0], [0.0])


def test_popularity_tells_nobody_apart(fitted: Fitted, before: TrainingData, later: Events) -> None:
    asked = questions(later, before, WEIGHTS, limit=500, seed=0)
    groups = asked.users[: len(asked.users) // 4 * 4].reshape(-1, 4)
    own, stranger = places(fitted.models[Algorithm.POPULARITY], before, asked.relevant, groups)
    assert own == pytest.approx(stranger)
    assert own.max() > 0
    assert find_taste({Algorithm.POPULARITY: fitted.models[Algorithm.POPULARITY]}, before, asked) is None


def test_the_hybrid_knows_the_small_worlds_people(fitted: Fitted, before: TrainingData, later: Events) -> None:
    asked = questions(later, before, WEIGHTS, limit=500, seed=0)
    found = find_taste(fitted.with_hybrid(None), before, asked)
    assert found is not None
    assert found.is_sure
    assert found.algorithm is Algorithm.HYBRID
    assert found.advantage.estimate > 0.1


def test_taste_in_one_model_is_enough(fitted: Fitted, before: TrainingData, later: Events) -> None:
    """Weights chosen badly are no sign of labels gone astray."""
    asked = questions(later, before, WEIGHTS, limit=500, seed=0)
    found = find_taste(fitted.with_hybrid(HybridConfig({"popularity": 1.0})), before, asked)
    assert found is not None
    assert found.is_sure
    assert found.algorithm is not Algorithm.HYBRID


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_labels_gone_astray_leave_no_taste(before: TrainingData, later: Events, seed: int) -> None:
    learned = astray(before, later, seed)
    models = fit(DEFAULT_ALGORITHMS, learned).with_hybrid(None)
    found = find_taste(models, learned, questions(later, learned, WEIGHTS, limit=500, seed=0))
    assert found is not None
    assert not found.is_sure
    assert abs(found.advantage.estimate) < 0.1


def test_three_users_are_no_group(fitted: Fitted, before: TrainingData, later: Events) -> None:
    asked = questions(later, before, WEIGHTS, limit=3, seed=0)
    assert len(asked.users) == 3
    assert find_taste(fitted.with_hybrid(None), before, asked) is None


def test_asking_nobody_is_no_error(fitted: Fitted, before: TrainingData, later: Events) -> None:
    nobody = Questions(questions(later, before, WEIGHTS, limit=1, seed=0).relevant, np.empty(0, np.int32), 0)
    assert find_taste(fitted.with_hybrid(None), before, nobody) is None
