from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.domain import EVENT_CODES, EventType
from recsys.evaluation.splits import (
    Split,
    judged_users,
    leave_last_out,
    random_folds,
    random_split,
    relevant_items,
    time_split,
    time_split_per_user,
    user_split,
)
from recsys.preferences import Events, to_histories
from recsys.settings import EventWeights

WEIGHTS = EventWeights()
Row = tuple[int, int, EventType, float]


def events_of(*rows: Row) -> Events:
    """(user, item, type, time) each; a rating is of 5 stars."""
    users, items, types, at = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Events(
        np.array(users, np.int32),
        np.array(items, np.int32),
        np.array([EVENT_CODES[kind] for kind in types], np.int8),
        np.array([5.0 if kind is EventType.RATING else np.nan for kind in types], np.float32),
        np.array(at, np.float64),
    )


def keys(events: Events) -> list[tuple[int, int, float]]:
    return sorted(zip(events.users.tolist(), events.items.tolist(), events.at.tolist(), strict=True))


EVENTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), st.sampled_from(EventType), st.integers(0, 20)))
SPLITS: list[Callable[[Events], Split]] = [
    lambda events: time_split(events, test_share=0.3),
    lambda events: time_split_per_user(events, test_share=0.3),
    leave_last_out,
    lambda events: random_split(events, test_share=0.3, seed=1),
]


@pytest.mark.parametrize("split", SPLITS, ids=["time", "time per user", "last", "random"])
@given(rows=EVENTS)
def test_every_event_is_in_exactly_one_part(split: Callable[[Events], Split], rows: list[Row]) -> None:
    events = events_of(*rows)
    parts = split(events)
    assert sorted(keys(parts.train) + keys(parts.test)) == keys(events)


@given(EVENTS.filter(bool))
def test_a_time_split_has_one_moment_for_everybody(rows: list[Row]) -> None:
    parts = time_split(events_of(*rows), test_share=0.3)
    assert len(parts.test) >= 0.3 * len(rows) - 1
    if len(parts.train):
        assert parts.train.at.max() < parts.test.at.min()


@given(EVENTS)
def test_a_users_tested_events_are_their_last(rows: list[Row]) -> None:
    for parts in (time_split_per_user(events_of(*rows), test_share=0.3), leave_last_out(events_of(*rows))):
        for user in np.unique(parts.test.users):
            assert parts.train.at[parts.train.users == user].max() <= parts.test.at[parts.test.users == user].min()


@given(EVENTS)
def test_nobody_is_left_without_a_train_event(rows: list[Row]) -> None:
    events = events_of(*rows)
    for split in SPLITS[1:]:
        assert set(split(events).train.users.tolist()) == set(events.users.tolist())


@given(EVENTS)
def test_the_share_is_taken_of_each_user_and_rounded_down(rows: list[Row]) -> None:
    events = events_of(*rows)
    for split in (SPLITS[1], SPLITS[3]):
        tested = np.bincount(split(events).test.users, minlength=5)
        assert tested.tolist() == np.floor(np.bincount(events.users, minlength=5) * 0.3).tolist()


def test_leaves_out_one_event_of_everybody_who_has_two() -> None:
    view = EventType.VIEW
    parts = leave_last_out(events_of((0, 1, view, 5), (0, 2, view, 9), (0, 3, view, 1), (1, 1, view, 3)))
    assert keys(parts.test) == [(0, 2, 9.0)]


def test_a_random_split_depends_on_its_seed_alone() -> None:
    events = events_of(*[(user, item, EventType.VIEW, item) for user in range(5) for item in range(20)])
    assert keys(random_split(events, seed=3).test) == keys(random_split(events, seed=3).test)
    assert keys(random_split(events, seed=3).test) != keys(random_split(events, seed=4).test)


def test_relevant_is_what_was_liked_later_and_not_touched_before() -> None:
    train = events_of((0, 0, EventType.VIEW, 1), (1, 5, EventType.DISLIKE, 1))
    test = events_of(
        (0, 0, EventType.PURCHASE, 2),  # touched before
        (0, 1, EventType.VIEW, 2),
        (0, 2, EventType.DISLIKE, 2),
        (0, 3, EventType.LIKE, 2),
        (0, 3, EventType.DISLIKE, 3),  # cancels out
        (1, 4, EventType.RATING, 2),
        (1, 5, EventType.LIKE, 3),  # touched before, if only to dislike it
    )
    known = to_histories(train, n_users=3, n_items=6, weights=WEIGHTS)
    relevant = relevant_items(test, known, weights=WEIGHTS)
    assert list(zip(*(axis.tolist() for axis in relevant.nonzero()), strict=True)) == [(0, 1), (1, 4)]
    assert judged_users(relevant).tolist() == [0, 1]


def test_some_judged_users_are_drawn_in_order() -> None:
    later = events_of(*[(user, 0, EventType.LIKE, 1) for user in range(40)])
    nothing = to_histories(events_of(), n_users=40, n_items=1, weights=WEIGHTS)
    relevant = relevant_items(later, nothing, weights=WEIGHTS)
    drawn = judged_users(relevant, limit=7, seed=1)
    assert len(set(drawn.tolist())) == 7
    assert drawn.tolist() == sorted(drawn.tolist())
    assert judged_users(relevant, limit=40).tolist() == list(range(40))


@given(EVENTS, st.integers(2, 5), st.integers(0, 3))
def test_every_event_is_tested_in_one_fold_and_learned_from_in_the_others(
    rows: list[Row], folds: int, seed: int
) -> None:
    events = events_of(*rows)
    splits = list(random_folds(events, folds=folds, seed=seed))
    assert len(splits) == folds
    assert sorted(key for split in splits for key in keys(split.test)) == keys(events)
    for split in splits:
        assert sorted(keys(split.train) + keys(split.test)) == keys(events)
        for user in set(events.users.tolist()):
            assert abs((split.test.users == user).sum() - (events.users == user).sum() / folds) < 1


def test_folds_are_of_like_size_random_and_follow_the_seed() -> None:
    events = events_of(*[(user, item, EventType.VIEW, item) for user in range(50) for item in range(7)])
    first, again, other = (list(random_folds(events, folds=5, seed=seed)) for seed in (1, 1, 2))
    assert [keys(split.test) for split in first] == [keys(split.test) for split in again]
    assert keys(first[0].test) != keys(other[0].test)
    assert all(50 < len(split.test) < 90 for split in first)
    assert 2 < first[0].test.items.mean() < 4


def test_one_fold_is_no_split() -> None:
    with pytest.raises(ValueError, match="got 1"):
        random_folds(events_of(), folds=1)


@given(EVENTS, st.integers(0, 3))
def test_held_out_users_are_not_learned_from_and_their_past_comes_before_what_is_tested(
    rows: list[Row], seed: int
) -> None:
    events = events_of(*rows)
    split = user_split(events, test_users=0.5, known_share=0.6, seed=seed)
    parts = (split.train, split.known, split.test)
    assert sorted(key for part in parts for key in keys(part)) == keys(events)
    held_out = set(split.known.users.tolist())
    assert not held_out & set(split.train.users.tolist())
    assert set(split.test.users.tolist()) <= held_out
    assert len(held_out) == len(set(events.users.tolist())) // 2
    for user in held_out:
        known, tested = (part.at[part.users == user] for part in (split.known, split.test))
        assert len(known) == np.ceil((len(known) + len(tested)) * 0.6)
        assert not len(tested) or known.max() <= tested.min()


def test_who_is_held_out_follows_the_seed() -> None:
    events = events_of(*[(user, 0, EventType.VIEW, user) for user in range(40)])
    first, again, other = (user_split(events, test_users=0.25, seed=seed).known.users.tolist() for seed in (1, 1, 2))
    assert first == again
    assert len(first) == 10
    assert first != other
