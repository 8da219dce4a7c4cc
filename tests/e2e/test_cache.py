"""A list is computed once, kept, and dropped by what changes it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.e2e.conftest import PutItem, Recommend


def _act(api: httpx.Client, user_id: int, item_id: int, kind: str = "view") -> None:
    response = api.post("/interactions", json={"user_id": user_id, "item_id": item_id, "type": kind})
    assert response.status_code == httpx.codes.CREATED, response.text


def _ids(answer: dict[str, Any]) -> list[int]:
    return [entry["item_id"] for entry in answer["recommendations"]]


def test_the_same_question_is_answered_from_the_cache_with_the_same_id(recommend: Recommend, newcomer: int) -> None:
    first, second = recommend(newcomer), recommend(newcomer)
    assert (first["cached"], second["cached"]) == (False, True)
    assert {**first, "cached": None} == {**second, "cached": None}


@pytest.mark.parametrize(
    "other",
    [
        {"num_recommendations": 9},
        {"algorithm": "popularity"},
        {"filters": {"include_seen": True}},
        {"diversity": 0.7},
        {"explain": True},
    ],
    ids=str,
)
def test_another_question_is_another_list(recommend: Recommend, newcomer: int, other: dict[str, Any]) -> None:
    first = recommend(newcomer)
    answer = recommend(newcomer, **other)
    assert answer["cached"] is False
    assert answer["recommendation_id"] != first["recommendation_id"]


def test_the_cache_can_be_left_out(recommend: Recommend, newcomer: int) -> None:
    first = recommend(newcomer)
    fresh = recommend(newcomer, use_cache=False)
    assert fresh["cached"] is False
    assert fresh["recommendation_id"] != first["recommendation_id"]


def test_an_event_drops_all_lists_of_its_user_and_of_no_other(
    api: httpx.Client, recommend: Recommend, newcomer: int
) -> None:
    other = api.post("/users", json={}).json()["user_id"]
    for user_id in (newcomer, other):
        recommend(user_id)
        recommend(user_id, num_recommendations=3)
    _act(api, newcomer, 1)
    assert recommend(newcomer)["cached"] is False
    assert recommend(newcomer, num_recommendations=3)["cached"] is False
    assert recommend(other)["cached"] is True


def test_a_batch_drops_the_lists_of_every_user_in_it(api: httpx.Client, recommend: Recommend, newcomer: int) -> None:
    recommend(newcomer)
    rows = [{"user_id": newcomer, "item_id": 2, "type": "click"}]
    assert api.post("/interactions/batch", json={"interactions": rows}).json()["results"][0]["status"] == 201
    assert recommend(newcomer)["cached"] is False


def test_an_event_changes_the_very_next_list_and_takes_the_item_out(
    api: httpx.Client, recommend: Recommend, newcomer: int
) -> None:
    for _ in range(3):
        first = _ids(recommend(newcomer))
        _act(api, newcomer, first[0], "purchase")
        answer = recommend(newcomer)
        assert first[0] not in _ids(answer)
        assert _ids(answer) != first
    for name in ("als", "svd", "user_based", "item_based", "content_based", "popularity"):
        assert first[0] not in _ids(recommend(newcomer, algorithm=name, num_recommendations=500))


def test_a_repeated_event_changes_nothing(api: httpx.Client, recommend: Recommend, newcomer: int) -> None:
    event = {"user_id": newcomer, "item_id": 3, "type": "like", "event_id": f"repeat-{newcomer}"}
    api.post("/interactions", json=event)
    before = recommend(newcomer)
    assert api.post("/interactions", json=event).json()["duplicate"] is True
    assert _ids(recommend(newcomer)) == _ids(before)


def test_said_preferences_drop_the_lists(api: httpx.Client, recommend: Recommend, newcomer: int) -> None:
    recommend(newcomer)
    category = api.get("/popular").json()["items"][0]["category"]
    api.patch(f"/users/{newcomer}", json={"preferences": {"categories": {category: 1.0}}})
    assert recommend(newcomer)["cached"] is False


def test_an_item_that_is_withdrawn_leaves_cached_lists_at_once(
    recommend: Recommend, newcomer: int, put_item: PutItem
) -> None:
    item_id = put_item(category="Short-lived")
    filters = {"categories": ["Short-lived"]}
    assert item_id in _ids(recommend(newcomer, filters=filters))
    put_item(item_id, category="Short-lived", available_until="2020-01-01T00:00:00Z")
    assert item_id not in _ids(recommend(newcomer, filters=filters))


def test_a_new_item_is_served_at_once(recommend: Recommend, newcomer: int, put_item: PutItem) -> None:
    put_item(category="Fresh")
    filters = {"categories": ["Fresh"]}
    recommend(newcomer, filters=filters)
    second = put_item(category="Fresh")
    assert second in _ids(recommend(newcomer, filters=filters))
