from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from recsys.domain import EventType
from recsys.testing.vocabulary import VOCABULARY
from recsys.testing.worlds import SmallWorld, small_world, training_data


@pytest.fixture(scope="module")
def world() -> SmallWorld:
    return small_world()


def test_the_same_seed_gives_the_same_world(world: SmallWorld) -> None:
    assert small_world() == world
    assert small_world(seed=1).interactions != world.interactions


def test_ids_run_from_one_without_gaps(world: SmallWorld) -> None:
    assert [user.user_id for user in world.users] == list(range(1, len(world.users) + 1))
    assert [item.item_id for item in world.items] == list(range(1, len(world.items) + 1))


def test_titles_and_event_ids_are_distinct(world: SmallWorld) -> None:
    assert len({item.title for item in world.items}) == len(world.items)
    assert len({event.event_id for event in world.interactions}) == len(world.interactions)


def test_events_are_ordered_in_time_and_none_is_late(world: SmallWorld) -> None:
    """In the second one a rating would follow its purchase after the end."""
    for one in (world, small_world(seed=56)):
        at = [event.occurred_at for event in one.interactions]
        assert at == sorted(at)
        assert at[-1] <= one.end


def test_only_ratings_have_a_value(world: SmallWorld) -> None:
    for event in world.interactions:
        assert (event.value is not None) == (event.type is EventType.RATING)
    assert {event.type for event in world.interactions} == set(EventType)


def test_items_are_available_and_older_than_their_events(world: SmallWorld) -> None:
    first = world.interactions[0].occurred_at
    assert all(item.published_at is not None and item.published_at < first for item in world.items)


def test_lovers_touch_some_of_one_category_only(world: SmallWorld) -> None:
    for category, lovers in world.lovers.items():
        for user_id in lovers:
            touched = world.touched_by(user_id)
            assert touched < set(world.items_of(category))
            assert len(touched) >= 5


def test_the_first_items_of_a_category_are_the_popular_ones(world: SmallWorld) -> None:
    touched = Counter(item_id for user in world.users for item_id in world.touched_by(user.user_id))
    first, last = (
        sum(touched[item] for category in world.categories for item in world.items_of(category)[part])
        for part in (slice(0, 5), slice(13, 18))
    )
    assert first > 1.5 * last


def test_only_the_twins_share_their_items(world: SmallWorld) -> None:
    first, second = map(world.touched_by, world.twins)
    assert first - second == set(world.twin_items)
    others = [user.user_id for user in world.users if user.user_id not in world.twins]
    assert not first & set().union(*map(world.touched_by, others))


def test_the_disliker_dislikes_one_category(world: SmallWorld) -> None:
    own = [event for event in world.interactions if event.user_id == world.disliker]
    disliked = {event.item_id for event in own if event.type is EventType.DISLIKE}
    assert len(disliked) == 5
    assert disliked < set(world.items_of(world.disliked_category))
    assert {event.item_id for event in own} - disliked < set(world.items_of(world.loved_category))


def test_some_are_without_events(world: SmallWorld) -> None:
    assert not world.touched_by(world.cold_user)
    assert world.users[world.cold_user - 1].preferences == {world.stated_category: 1.0}
    assert world.untouched_item not in {event.item_id for event in world.interactions}
    assert world.items[world.untouched_item - 1].category == world.untouched_category


def test_no_word_of_a_category_is_used_by_another() -> None:
    owners: Counter[str] = Counter()
    for words in VOCABULARY.values():
        owners.update({word.lower() for word in (*words.things, *words.looks, *words.tags, words.brand)})
    assert max(owners.values()) == 1


def test_training_data_is_what_the_events_say(world: SmallWorld) -> None:
    data = training_data(world)
    user_id = world.lovers["Music"][0]
    row = data.histories.rows(np.array([user_id - 1], np.int32))
    assert set(data.item_ids[row.weights.indices].tolist()) == world.touched_by(user_id)
    assert data.content.texts[3] == world.items[3].text
    assert data.content.category_names[data.content.category[3]] == world.items[3].category
    assert data.as_of == world.interactions[-1].occurred_at.timestamp()
