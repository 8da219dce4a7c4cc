"""The small world's right answers, asked for over HTTP."""

from __future__ import annotations

import httpx
import pytest

from recsys.domain import Algorithm
from recsys.testing.worlds import SmallWorld
from tests.e2e.conftest import Recommend

PERSONAL = [
    *(Algorithm.HYBRID, Algorithm.ALS, Algorithm.USER_BASED, Algorithm.ITEM_BASED, Algorithm.CONTENT_BASED),
]
CATEGORIES = ["Books", "Cycling", "Garden", "Kitchen", "Music", "Space"]


@pytest.mark.parametrize("algorithm", PERSONAL)
@pytest.mark.parametrize("category", CATEGORIES)
def test_who_loves_one_category_only_gets_that_category(
    world: SmallWorld, recommend: Recommend, category: str, algorithm: Algorithm
) -> None:
    for user_id in world.lovers[category][:3]:
        answer = recommend(user_id, num_recommendations=5, algorithm=algorithm, diversity=0.0)
        assert [entry["category"] for entry in answer["recommendations"]] == [category] * 5


def test_svd_ranks_the_loved_category_first_too(world: SmallWorld, recommend: Recommend) -> None:
    lists = [
        recommend(user_id, num_recommendations=5, algorithm="svd", diversity=0.0)["recommendations"]
        for category in CATEGORIES
        for user_id in world.lovers[category][:3]
    ]
    loved = [category for category in CATEGORIES for _ in range(3)]
    hits = [entry["category"] == wanted for wanted, entries in zip(loved, lists, strict=True) for entry in entries]
    assert sum(hits) / len(hits) > 0.6


@pytest.mark.parametrize("algorithm", [Algorithm.HYBRID, Algorithm.USER_BASED, Algorithm.ITEM_BASED, Algorithm.ALS])
def test_what_the_twin_chose_is_recommended(world: SmallWorld, recommend: Recommend, algorithm: Algorithm) -> None:
    answer = recommend(world.twins[1], num_recommendations=5, algorithm=algorithm, diversity=0.0)
    assert set(world.twin_items) <= {entry["item_id"] for entry in answer["recommendations"]}


def test_twins_are_each_other_s_most_similar_user(world: SmallWorld, api: httpx.Client) -> None:
    first, second = world.twins
    users = api.get(f"/users/{first}/similar", params={"num_users": 3}).json()["users"]
    assert users[0]["user_id"] == second


def test_what_is_disliked_stays_away(world: SmallWorld, recommend: Recommend) -> None:
    answer = recommend(world.disliker, diversity=0.0)
    categories = [entry["category"] for entry in answer["recommendations"]]
    assert world.disliked_category not in categories
    assert categories[0] == world.loved_category


def test_who_stated_a_preference_gets_it_before_the_first_event(world: SmallWorld, recommend: Recommend) -> None:
    answer = recommend(world.cold_user, num_recommendations=5, diversity=0.0)
    assert answer["cold_start"] is True
    assert [entry["category"] for entry in answer["recommendations"]] == [world.stated_category] * 5


def test_an_item_that_nobody_touched_is_recommended_by_its_text(world: SmallWorld, recommend: Recommend) -> None:
    user_id = world.lovers[world.untouched_category][0]
    answer = recommend(user_id, num_recommendations=20, algorithm="content_based", diversity=0.0)
    assert world.untouched_item in {entry["item_id"] for entry in answer["recommendations"]}


def test_an_untouched_item_is_like_those_of_its_category(world: SmallWorld, api: httpx.Client) -> None:
    similar = api.get(f"/items/{world.untouched_item}/similar").json()["similar"]
    assert [entry["category"] for entry in similar] == [world.untouched_category] * 5


@pytest.mark.parametrize("algorithm", ["content_based", "item_based", "als", "hybrid"])
def test_neighbours_of_an_item_are_of_its_category(world: SmallWorld, api: httpx.Client, algorithm: str) -> None:
    item_id = world.items_of("Garden")[0]
    answer = api.get(f"/items/{item_id}/similar", params={"algorithm": algorithm}).json()
    assert answer["algorithm"] == algorithm
    assert [entry["category"] for entry in answer["similar"]] == ["Garden"] * 5


def test_the_profile_shows_the_taste_that_the_events_have(world: SmallWorld, api: httpx.Client) -> None:
    user_id = world.lovers["Cycling"][4]
    profile = api.get(f"/users/{user_id}/profile").json()
    events = [event for event in world.interactions if event.user_id == user_id]
    assert profile["taste"][0]["category"] == "Cycling"
    assert profile["taste"][0]["share"] > 0.95
    assert sum(entry["share"] for entry in profile["taste"]) == pytest.approx(1)
    assert profile["counts"]["total"] == len(events)
    assert profile["counts"].get("like", 0) == sum(event.type == "like" for event in events)
    newest = max(event.occurred_at for event in events)
    assert profile["recent_interactions"][0]["event_id"] in {e.event_id for e in events if e.occurred_at == newest}
    user = world.users[user_id - 1]
    assert profile["demographics"]["age"] == user.age
    assert profile["demographics"]["country"] == user.country
