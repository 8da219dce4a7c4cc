"""Of whom and of what nothing is known yet: people at their sign-up, items at their first moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from psycopg import connect

from recsys.testing.worlds import SmallWorld
from tests.e2e.conftest import PAST, Recommend
from tests.e2e.problems import assert_problem
from tests.e2e.stack import Stack

KEPT_SECONDS = 10.0


@pytest.fixture
def new_item(api: httpx.Client, world: SmallWorld) -> Iterator[int]:
    """Reads like a known item of Space; withdrawn afterwards."""
    item_id = 1_000_000 + time.time_ns() % 10**9
    known = world.items[world.items_of("Space")[0] - 1]
    body = {"title": known.title, "description": known.description, "category": "Space", "tags": list(known.tags)}
    assert api.put(f"/items/{item_id}", json=body).status_code == 201
    yield item_id
    assert api.put(f"/items/{item_id}", json={**body, "available_until": PAST}).status_code == 200


def _sign_up(api: httpx.Client, **said: Any) -> int:
    answer = api.post("/users", json=said)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["user_id"])


def _categories(answer: dict[str, Any]) -> list[str]:
    return [entry["category"] for entry in answer["recommendations"]]


def test_the_first_list_follows_the_categories_that_were_chosen(api: httpx.Client, recommend: Recommend) -> None:
    user_id = _sign_up(api, age=30, country="FR", preferences={"categories": {"Garden": 1.0, "Music": 0.3}})
    answer = recommend(user_id, num_recommendations=8, diversity=0.0)
    assert answer["cold_start"]
    assert set(_categories(answer)) == {"Garden", "Music"}
    assert _categories(answer).count("Garden") > _categories(answer).count("Music")


def test_the_first_list_follows_the_items_that_were_liked(
    api: httpx.Client, recommend: Recommend, world: SmallWorld
) -> None:
    liked = list(world.items_of("Kitchen")[:2])
    answer = recommend(_sign_up(api, liked_item_ids=liked), num_recommendations=8, diversity=0.0)
    assert answer["cold_start"]
    assert _categories(answer).count("Kitchen") >= 6
    assert not {entry["item_id"] for entry in answer["recommendations"]} & {*liked}


def test_a_new_item_is_near_what_reads_like_it_at_once(api: httpx.Client, world: SmallWorld, new_item: int) -> None:
    similar = api.get(f"/items/{new_item}/similar").json()["similar"]
    assert world.items_of("Space")[0] in [entry["item_id"] for entry in similar]
    assert {entry["category"] for entry in similar} == {"Space"}


def test_a_new_item_has_an_audience_that_has_neither_seen_nor_hidden_it(
    api: httpx.Client, world: SmallWorld, new_item: int
) -> None:
    def audience() -> list[dict[str, Any]]:
        users: list[dict[str, Any]] = api.get(f"/items/{new_item}/audience", params={"num_users": 12}).json()["users"]
        return users

    before = audience()
    scores = [user["score"] for user in before]
    assert len(before) == 12
    assert scores == sorted(scores, reverse=True)
    assert sum(user["user_id"] in world.lovers["Space"] for user in before) >= 8
    assert all(user["reason"] for user in before)
    first, second = (user["user_id"] for user in before[:2])
    seen = {"user_id": first, "item_id": new_item, "type": "view"}
    assert api.post("/interactions", json=seen).status_code == 201
    assert api.put(f"/users/{second}/hidden_items/{new_item}").status_code in {200, 201, 204}
    assert not {first, second} & {user["user_id"] for user in audience()}


def test_an_audience_of_nothing_or_of_too_many_is_refused(api: httpx.Client, new_item: int) -> None:
    assert_problem(api.get("/items/999999999/audience"), 404)
    assert_problem(api.get(f"/items/{new_item}/audience", params={"num_users": 501}), 422)


def test_a_new_item_reaches_its_first_impressions_with_known_propensities(
    api: httpx.Client, recommend: Recommend, world: SmallWorld, stack: Stack, new_item: int
) -> None:
    listed = []
    for user in world.users:
        answer = recommend(user.user_id, num_recommendations=40, explain=True, use_cache=False)
        for entry in answer["recommendations"]:
            parts = {part["source"]: part["share"] for part in entry["explanation"]["parts"]}
            if "exploration" in parts:
                assert sum(parts.values()) == pytest.approx(entry["score"], abs=1e-6)
                listed.append((answer["recommendation_id"], entry["item_id"], entry["rank"]))
    assert len(listed) >= len(world.users)
    assert new_item in {item_id for _, item_id, _ in listed}
    recommendation_id, item_id, rank = next(one for one in listed if one[1] == new_item)
    deadline = time.monotonic() + KEPT_SECONDS
    with connect(stack.database_url, autocommit=True) as connection:
        while not (found := connection.execute(KEPT, [recommendation_id]).fetchone()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    item_ids, propensities = found
    assert item_ids[rank - 1] == item_id
    assert 0 < propensities[rank - 1] <= 1
    assert propensities[0] == 1


KEPT = "SELECT item_ids, propensities FROM recommendation_lists WHERE recommendation_id = %s"


def test_a_filter_that_a_new_item_does_not_pass_keeps_it_out(
    recommend: Recommend, world: SmallWorld, new_item: int
) -> None:
    for user in world.users[:20]:
        filters = {"exclude_item_ids": [new_item]}
        answer = recommend(user.user_id, num_recommendations=40, filters=filters, use_cache=False)
        assert new_item not in {entry["item_id"] for entry in answer["recommendations"]}
