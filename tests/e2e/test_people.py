"""Sign-up, onboarding, and the first lists."""

from __future__ import annotations

from typing import Any

import httpx

from recsys.testing.worlds import SmallWorld
from tests.e2e.conftest import Recommend
from tests.e2e.problems import assert_problem


def _categories(answer: dict[str, Any]) -> list[str]:
    return [entry["category"] for entry in answer["recommendations"]]


def test_a_new_user_is_created_with_what_was_said(api: httpx.Client) -> None:
    said = {"age": 34, "gender": "nonbinary", "country": "PT"}
    response = api.post("/users", json=said)
    assert response.status_code == httpx.codes.CREATED
    user = response.json()
    assert user.items() >= said.items()
    profile = api.get(f"/users/{user['user_id']}/profile").json()
    assert profile["demographics"].items() >= said.items()
    assert profile["counts"]["total"] == 0
    assert profile["taste"] == []
    assert profile["recent_interactions"] == []


def test_ids_go_on_after_the_loaded_users(world: SmallWorld, api: httpx.Client) -> None:
    first, second = (api.post("/users", json={}).json()["user_id"] for _ in range(2))
    assert len(world.users) < first < second


def test_the_first_answer_uses_the_preferences_of_the_sign_up(
    world: SmallWorld, api: httpx.Client, recommend: Recommend
) -> None:
    user = api.post("/users", json={"preferences": {"categories": {"Space": 1.0}}}).json()
    answer = recommend(user["user_id"], num_recommendations=5, diversity=0.0)
    assert answer["cold_start"] is True
    assert _categories(answer) == ["Space"] * 5


def test_the_first_answer_uses_the_items_liked_at_the_sign_up(
    world: SmallWorld, api: httpx.Client, recommend: Recommend
) -> None:
    liked = list(world.items_of("Music")[:3])
    user = api.post("/users", json={"liked_item_ids": liked}).json()
    assert sorted(user["liked_item_ids"]) == sorted(liked)
    answer = recommend(user["user_id"], num_recommendations=5, diversity=0.0)
    assert _categories(answer).count("Music") >= 4
    assert not set(liked) & {entry["item_id"] for entry in answer["recommendations"]}


def test_three_events_move_the_list_of_a_newcomer(
    world: SmallWorld, api: httpx.Client, recommend: Recommend, newcomer: int
) -> None:
    consumed = world.items_of("Garden")[:3]
    for item_id in consumed:
        api.post("/interactions", json={"user_id": newcomer, "item_id": item_id, "type": "like"})
    answer = recommend(newcomer, num_recommendations=5, diversity=0.0)
    assert answer["cold_start"] is False
    assert _categories(answer) == ["Garden"] * 5
    assert not set(consumed) & {entry["item_id"] for entry in answer["recommendations"]}


def test_patch_keeps_what_it_does_not_name_and_null_clears(api: httpx.Client) -> None:
    user_id = api.post("/users", json={"age": 40, "country": "FR"}).json()["user_id"]
    changed = api.patch(f"/users/{user_id}", json={"age": None, "gender": "other"}).json()
    assert (changed["age"], changed["gender"], changed["country"]) == (None, "other", "FR")


def test_preferences_are_replaced_whole(world: SmallWorld, api: httpx.Client, recommend: Recommend) -> None:
    user_id = api.post("/users", json={"preferences": {"categories": {"Books": 1.0}}}).json()["user_id"]
    changed = api.patch(f"/users/{user_id}", json={"preferences": {"categories": {"Cycling": 0.9}}}).json()
    assert changed["preferences"]["categories"].keys() == {"Cycling"}
    assert _categories(recommend(user_id, num_recommendations=5, diversity=0.0)) == ["Cycling"] * 5


def test_an_external_id_is_known_once(api: httpx.Client, newcomer: int) -> None:
    body = {"external_id": f"crm-{newcomer}"}
    assert api.post("/users", json=body).json()["external_id"] == body["external_id"]
    assert_problem(api.post("/users", json=body), 409, "external_id")


def test_similar_users_are_listed_with_falling_scores(api: httpx.Client) -> None:
    users = api.get("/users/1/similar", params={"num_users": 5}).json()["users"]
    scores = [user["score"] for user in users]
    assert len(users) == 5
    assert scores == sorted(scores, reverse=True)
    assert 1 not in [user["user_id"] for user in users]
