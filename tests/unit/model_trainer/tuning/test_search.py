from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest

from model_trainer.tuning.question import Question
from model_trainer.tuning.search import Search
from recsys.algorithms.base import Recommender, TrainingData
from recsys.algorithms.registry import create
from recsys.domain import Algorithm
from recsys.evaluation.splits import relevant_items, time_split
from recsys.preferences import to_histories
from recsys.settings import EventWeights
from recsys.testing.worlds import small_world, training_data, world_events

NAMES = (Algorithm.ITEM_BASED, Algorithm.POPULARITY, Algorithm.EASE)


@pytest.fixture(scope="module")
def question() -> Question:
    world = small_world()
    split = time_split(world_events(world), test_share=0.2)
    shape = {"n_users": len(world.users), "n_items": len(world.items)}
    train = to_histories(split.train, weights=EventWeights(), **shape)
    data: TrainingData = dataclasses.replace(training_data(world), histories=train)
    relevant = relevant_items(split.test, train, weights=EventWeights())
    asked = Question.drawn(data, relevant, ks=(5, 10), limit=60, seed=0)
    assert asked is not None
    return asked


def ticking(seconds: float) -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += seconds


def silent(text: str) -> None:
    del text


def test_what_is_found_is_at_least_as_good_as_the_defaults(question: Question) -> None:
    found = Search(question).run(NAMES, 3.0, silent)
    assert [*found] == [*NAMES]
    for name, best in found.items():
        assert best.value >= question.value(create(name).fit(question.data))
        assert best.value == question.value(create(name, best.settings).fit(question.data))


def test_without_time_the_defaults_are_taken(question: Question) -> None:
    found = Search(question).run(NAMES, 0.0, silent)
    for name, best in found.items():
        assert best.trials == 1
        assert create(name, best.settings).config == create(name).config


def test_the_same_seed_and_trials_find_the_same(question: Question) -> None:
    def once() -> object:
        ticks = ticking(1.0)
        found = Search(question, seed=3, clock=lambda: next(ticks)).run(NAMES, 60.0, silent)
        assert sum(best.trials for best in found.values()) > 10
        return {name: (best.settings, best.value, best.trials) for name, best in found.items()}

    assert once() == once()


def test_what_is_known_is_tried_second(question: Question) -> None:
    """A penalty that the search would hardly come upon, made the best by asking for nothing else."""
    known = {Algorithm.EASE: {"regularization": 77.7, "weighting": "binary", "recency": 1.0}}
    seen: list[object] = []

    class Spy(Question):
        def value(self, model: Recommender) -> float:
            seen.append(model.config.regularization)
            return float(len(seen))

    spy = Spy(question.data, question.relevant, question.users, question.ks)
    ticks = ticking(1.0)
    Search(spy, known=known, clock=lambda: next(ticks)).run([Algorithm.EASE], 12.0, silent)
    assert seen[0] == create(Algorithm.EASE).config.regularization
    assert seen[1] == 77.7


def test_time_that_one_leaves_over_goes_to_those_after_it(question: Question) -> None:
    ticks = ticking(0.01)
    said: list[str] = []
    search = Search(question, clock=lambda: next(ticks))
    found = search.run((Algorithm.EASE, Algorithm.POPULARITY), 1.0, said.append)
    assert found[Algorithm.POPULARITY].trials <= 6 * 3
    assert found[Algorithm.EASE].trials > 10
    assert said[0].startswith("popularity: ")
    assert said[1] == f"ease: {found[Algorithm.EASE].value:.4f} on the validation part, best of " + str(
        found[Algorithm.EASE].trials
    )


def test_nobody_to_ask_is_no_question(question: Question) -> None:
    nothing = question.relevant[:, :0]
    assert Question.drawn(question.data, nothing, ks=(10,), limit=5, seed=0) is None


def test_a_question_asks_users_with_a_history(question: Question) -> None:
    histories = question.data.histories
    assert (np.diff(histories.weights.indptr)[question.users] > 0).all()
    assert len(question.users) == 60
