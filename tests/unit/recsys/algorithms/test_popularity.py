from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from recsys.algorithms.base import Histories, TrainingData
from recsys.algorithms.popularity import Popularity, PopularityConfig
from recsys.domain import Algorithm
from recsys.testing.behaviour import RecommenderBehaviour
from recsys.testing.histories import AT, data_of, histories_of


class TestPopularity(RecommenderBehaviour):
    algorithm = Algorithm.POPULARITY
    better_than_chance: ClassVar[float] = 1.1


def scores_of(data: TrainingData, config: PopularityConfig | None = None) -> list[float]:
    fitted = Popularity(config).fit(data)
    return [float(score) for score in fitted.fold_in(Histories.empty(1, len(data.item_ids)))[0]]


def with_quality(data: TrainingData, quality: list[float]) -> TrainingData:
    return replace(data, content=replace(data.content, quality=np.array(quality, np.float32)))


def test_more_touched_is_higher() -> None:
    first, second, third = scores_of(data_of(histories_of([{0: 1.0, 1: 1.0}, {0: 1.0}], 3)))
    assert first > second > third > 0


def test_quality_orders_what_is_equally_popular() -> None:
    data = with_quality(data_of(histories_of([{0: 1.0, 1: 1.0, 2: 1.0}], 3)), [2.0, 4.0, 3.0])
    first, second, third = scores_of(data)
    assert second > third > first


def test_quality_orders_what_nobody_touched() -> None:
    first, second = scores_of(with_quality(data_of(Histories.empty(1, 2)), [1.0, 5.0]))
    assert second > first > 0


def test_ratings_move_the_quality() -> None:
    histories = histories_of([{0: 1.0, 1: 1.0}], 2)
    ratings = histories_of([{0: 1.0, 1: 5.0}], 2).weights
    first, second = scores_of(data_of(Histories(histories.weights, histories.last_at, ratings)))
    assert second > first


def test_dislikes_count_against_the_item() -> None:
    first, second = scores_of(data_of(histories_of([{0: 4.0, 1: 4.0}, {1: -4.0}], 2)))
    assert first > second


def test_old_events_count_less_with_a_half_life() -> None:
    histories = histories_of([{0: 1.0, 1: 1.0}], 2)
    aged = Histories(histories.weights, np.array([AT - 30 * 86_400, AT]), histories.ratings)
    first, second = scores_of(data_of(aged), PopularityConfig(half_life_days=30, untouched=0.0))
    assert np.isclose(np.expm1(first / 0.5), np.expm1(second / 0.5) / 2, rtol=1e-5)


def test_events_of_the_user_change_nothing() -> None:
    data = data_of(histories_of([{0: 1.0, 1: 1.0}], 3))
    fitted = Popularity().fit(data)
    assert np.array_equal(fitted.fold_in(histories_of([{2: 9.0}], 3)), fitted.fold_in(Histories.empty(1, 3)))
