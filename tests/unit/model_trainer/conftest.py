from __future__ import annotations

import pytest

from model_trainer.fitting import DEFAULT_ALGORITHMS, Fitted, fit
from recsys.algorithms.base import TrainingData
from recsys.preferences import Events, to_histories
from recsys.settings import EventWeights
from recsys.testing.worlds import small_world, training_data, world_events

CUT = 0.8
"""Share of the small world's time that comes before the cut."""


@pytest.fixture(scope="session")
def later() -> Events:
    """The last fifth of what happens in the small world."""
    events = world_events(small_world())
    return events.where(events.at >= _moment(events))


@pytest.fixture(scope="session")
def before() -> TrainingData:
    """The small world as it was before `later`."""
    whole, events = training_data(small_world()), world_events(small_world())
    earlier = events.where(events.at < _moment(events))
    histories = to_histories(earlier, n_users=len(whole.user_ids), n_items=len(whole.item_ids), weights=EventWeights())
    return TrainingData(whole.user_ids, whole.item_ids, histories, whole.content, float(earlier.at.max()))


@pytest.fixture(scope="session")
def fitted(before: TrainingData) -> Fitted:
    return fit(DEFAULT_ALGORITHMS, before)


def _moment(events: Events) -> float:
    return float(events.at.min() + CUT * (events.at.max() - events.at.min()))
