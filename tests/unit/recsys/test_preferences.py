from __future__ import annotations

import numpy as np
import pytest

from recsys.domain import EVENT_CODES, EventType
from recsys.preferences import SEEN_ONLY, Events, event_weights, to_histories
from recsys.settings import EventWeights

DAY = 86_400.0


def events(rows: list[tuple[int, int, EventType, float]]) -> Events:
    """(user, item, type, day) each."""
    users, items, types, days = zip(*rows, strict=True)
    return Events(
        np.array(users, np.int32),
        np.array(items, np.int32),
        np.array([EVENT_CODES[kind] for kind in types], np.int8),
        np.full(len(rows), np.nan, np.float32),
        np.array(days) * DAY,
    )


def test_each_type_has_its_weight_and_a_dislike_is_negative() -> None:
    given = events([(0, 0, EventType.VIEW, 0), (0, 1, EventType.PURCHASE, 1), (0, 2, EventType.DISLIKE, 2)])
    assert event_weights(given, EventWeights(view=0.5, purchase=7, dislike=-3)).tolist() == [0.5, 7, -3]


def test_with_a_half_life_older_events_weigh_less_than_the_users_last() -> None:
    given = events([(0, 0, EventType.VIEW, 0), (0, 1, EventType.VIEW, 10), (0, 2, EventType.VIEW, 20)])
    weights = event_weights(given, EventWeights(view=1, half_life_days=10))
    np.testing.assert_allclose(weights, [0.25, 0.5, 1.0])


def test_age_counts_from_each_users_own_last_event() -> None:
    """So a list is the same whoever else is asked for, and however long nobody came."""
    lately = [(0, 0, EventType.LIKE, 90.0), (0, 1, EventType.LIKE, 100.0)]
    long_ago = [(1, 0, EventType.LIKE, 0.0), (1, 1, EventType.LIKE, 10.0)]
    settings = EventWeights(half_life_days=5)
    both = to_histories(events(lately + long_ago), n_users=2, n_items=2, weights=settings).weights.toarray()
    np.testing.assert_array_equal(both[0], both[1])
    alone = to_histories(events(lately), n_users=1, n_items=2, weights=settings).weights.toarray()
    np.testing.assert_array_equal(alone[0], both[0])


def test_what_cancels_out_is_still_seen() -> None:
    given = events([(0, 0, EventType.LIKE, 0), (0, 0, EventType.DISLIKE, 0)])
    assert to_histories(given, n_users=1, n_items=1, weights=EventWeights()).weights.data.tolist() == [SEEN_ONLY]


def test_a_half_life_is_a_time() -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        EventWeights(half_life_days=0)
