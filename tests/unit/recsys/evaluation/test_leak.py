from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender, TrainingData
from recsys.algorithms.item_based import ItemBased, ItemBasedConfig
from recsys.algorithms.popularity import Popularity, PopularityConfig
from recsys.evaluation.leak import Fit, future_pairs, other_future, peeking
from recsys.evaluation.splits import time_split
from recsys.preferences import Events, to_histories
from recsys.settings import EventWeights
from recsys.testing.worlds import small_world, training_data, world_events

WORLD = training_data(small_world())
EVENTS = world_events(small_world())
SPLIT = time_split(EVENTS, test_share=0.2)
CUT = float(SPLIT.test.at.min())


def learned_from(events: Events) -> TrainingData:
    shape = {"n_users": len(WORLD.user_ids), "n_items": len(WORLD.item_ids)}
    histories = to_histories(events, weights=EventWeights(), **shape)
    return replace(WORLD, histories=histories, as_of=float(events.at.max()))


def honest(events: Events) -> tuple[TrainingData, Mapping[str, Recommender]]:
    data = learned_from(time_split(events, test_share=0.2).train)
    return data, {"popularity": Popularity().fit(data), "item_based": ItemBased().fit(data)}


class Oracle(ItemBased):
    """Looks up what the user is going to do."""

    later: Histories

    def score(self, users: IndexArray, histories: Histories) -> FloatArray:
        known: FloatArray = self.later.rows(users).weights.toarray()
        return super().score(users, histories) + known


def with_oracle(events: Events) -> tuple[TrainingData, Mapping[str, Recommender]]:
    """Fitted on the right part, but with another way to the future."""
    split = time_split(events, test_share=0.2)
    data, models = honest(events)
    oracle = Oracle(ItemBasedConfig()).fit(data)
    oracle.later = learned_from(split.test).histories
    return data, {**models, "oracle": oracle}


def without_a_cut(events: Events) -> tuple[TrainingData, Mapping[str, Recommender]]:
    """The everyday slip: one model is fitted on the whole record."""
    data, models = honest(events)
    return data, {**models, "item_based": ItemBased().fit(learned_from(events))}


def trend_of_tomorrow(events: Events) -> tuple[TrainingData, Mapping[str, Recommender]]:
    """A subtle one: only how popular items become is known."""
    data, models = honest(events)
    trend = Popularity(PopularityConfig(half_life_days=5.0)).fit(learned_from(events))
    return data, {**models, "popularity": trend}


def test_models_that_know_the_past_alone_are_not_accused() -> None:
    assert peeking(honest, EVENTS, CUT) == []


@pytest.mark.parametrize(
    ("fit", "caught"),
    [(with_oracle, "oracle"), (without_a_cut, "item_based"), (trend_of_tomorrow, "popularity")],
    ids=["oracle", "whole record", "trend"],
)
def test_a_model_that_peeks_at_the_future_is_caught(fit: Fit, caught: str) -> None:
    assert peeking(fit, EVENTS, CUT) == [caught]


def test_a_choice_made_on_the_test_part_is_caught() -> None:
    def tuned(events: Events) -> tuple[TrainingData, Mapping[str, Recommender]]:
        data = learned_from(time_split(events, test_share=0.2).train)
        favourite = int(np.bincount(time_split(events, test_share=0.2).test.items).argmax())
        return data, {"tuned": Popularity(PopularityConfig(prior_ratings=1.0 + favourite)).fit(data)}

    assert peeking(tuned, EVENTS, CUT) == ["tuned"]


def test_the_other_future_leaves_the_past_and_the_moments_as_they_are() -> None:
    other = other_future(EVENTS, CUT, seed=3)
    past, later = EVENTS.at < CUT, EVENTS.at >= CUT
    for one, changed in ((EVENTS.users, other.users), (EVENTS.items, other.items)):
        np.testing.assert_array_equal(one[past], changed[past])
        assert (one[later] != changed[later]).mean() > 0.8
    np.testing.assert_array_equal(EVENTS.at, other.at)
    np.testing.assert_array_equal(other.items, other_future(EVENTS, CUT, seed=3).items)
    assert not np.array_equal(other.items, other_future(EVENTS, CUT, seed=4).items)


def test_a_training_part_that_reaches_into_the_test_part_is_seen() -> None:
    train = learned_from(SPLIT.train)
    assert future_pairs(train, SPLIT.test) == 0
    assert future_pairs(train, SPLIT.test.where(np.zeros(len(SPLIT.test), bool))) == 0
    whole = learned_from(EVENTS)
    assert future_pairs(whole, SPLIT.test) == int((whole.histories.last_at >= CUT).sum()) > 100
    assert future_pairs(replace(train, as_of=CUT), SPLIT.test) == 1
