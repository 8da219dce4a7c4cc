"""Interactions: stored before they are acknowledged, once, whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import PutItem, Recommend
from tests.e2e.problems import assert_problem


def _profile(api: httpx.Client, user_id: int) -> dict[str, Any]:
    profile: dict[str, Any] = api.get(f"/users/{user_id}/profile").json()
    return profile


@pytest.mark.parametrize("kind", ["view", "click", "like", "dislike", "cart", "purchase"])
def test_every_type_is_stored(api: httpx.Client, newcomer: int, kind: str) -> None:
    response = api.post("/interactions", json={"user_id": newcomer, "item_id": 1, "type": kind})
    assert response.status_code == httpx.codes.CREATED
    assert response.json().keys() >= {"event_id", "duplicate"}
    assert response.json()["duplicate"] is False
    profile = _profile(api, newcomer)
    assert profile["counts"] == {"total": 1, kind: 1}
    assert profile["recent_interactions"][0]["event_id"] == response.json()["event_id"]


def test_a_rating_keeps_value_and_time(api: httpx.Client, newcomer: int) -> None:
    event = {"user_id": newcomer, "item_id": 2, "type": "rating", "value": 4.5, "occurred_at": "2026-01-05T10:00:00Z"}
    api.post("/interactions", json=event)
    stored = _profile(api, newcomer)["recent_interactions"][0]
    assert (stored["type"], stored["value"]) == ("rating", 4.5)
    assert datetime.fromisoformat(stored["occurred_at"]) == datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_a_clock_may_be_some_minutes_ahead_but_no_more(api: httpx.Client, newcomer: int) -> None:
    event = {"user_id": newcomer, "item_id": 1, "type": "view"}
    soon, later = ((datetime.now(UTC) + timedelta(minutes=minutes)).isoformat() for minutes in (4, 7))
    assert api.post("/interactions", json={**event, "occurred_at": soon}).status_code == httpx.codes.CREATED
    assert_problem(api.post("/interactions", json={**event, "occurred_at": later}), 422, "occurred_at")


def test_the_same_event_counts_once_and_other_content_conflicts(api: httpx.Client, newcomer: int) -> None:
    at = {"occurred_at": "2026-01-05T10:00:00Z"}
    event = {"user_id": newcomer, "item_id": 1, "type": "click", "event_id": f"once-{newcomer}", **at}
    first, again = api.post("/interactions", json=event), api.post("/interactions", json=event)
    assert (first.status_code, first.json()) == (201, {"event_id": event["event_id"], "duplicate": False})
    assert (again.status_code, again.json()) == (200, {"event_id": event["event_id"], "duplicate": True})
    for other in ({"item_id": 2}, {"type": "like"}, {"occurred_at": "2026-01-05T10:00:01Z"}):
        assert_problem(api.post("/interactions", json={**event, **other}), 409, "event_id")
    assert _profile(api, newcomer)["counts"] == {"total": 1, "click": 1}


def test_a_time_that_the_server_set_does_not_count(api: httpx.Client, newcomer: int) -> None:
    event = {"user_id": newcomer, "item_id": 1, "type": "click", "event_id": f"untimed-{newcomer}"}
    answers = [api.post("/interactions", json=event) for _ in range(2)]
    assert [answer.json()["duplicate"] for answer in answers] == [False, True]


def test_an_event_on_an_unavailable_item_is_stored(api: httpx.Client, newcomer: int, put_item: PutItem) -> None:
    item_id = put_item(available_until="2020-01-01T00:00:00Z")
    response = api.post("/interactions", json={"user_id": newcomer, "item_id": item_id, "type": "purchase"})
    assert response.status_code == httpx.codes.CREATED


def test_an_event_may_name_the_list_that_it_answers_to(api: httpx.Client, recommend: Recommend, newcomer: int) -> None:
    answer = recommend(newcomer)
    event = {
        "user_id": newcomer,
        "item_id": answer["recommendations"][0]["item_id"],
        "type": "click",
        "recommendation_id": answer["recommendation_id"],
    }
    assert api.post("/interactions", json=event).status_code == httpx.codes.CREATED


def test_a_batch_answers_for_each_row(api: httpx.Client, newcomer: int) -> None:
    good = {"user_id": newcomer, "item_id": 1, "type": "view", "event_id": f"batch-{newcomer}"}
    rows: list[object] = [
        good,
        good,
        {**good, "item_id": 2},
        {**good, "event_id": f"other-{newcomer}", "item_id": 2**62},
        {**good, "event_id": f"third-{newcomer}", "user_id": 2**62},
        {"user_id": newcomer, "item_id": 1, "type": "rating", "value": 9},
        {"user_id": newcomer, "item_id": 1, "type": "view", "occurred_at": "2100-01-01T00:00:00Z"},
        {"user_id": newcomer, "item_id": "1", "type": "view"},
        "no event at all",
        {"user_id": newcomer, "item_id": 3, "type": "like"},
    ]
    response = api.post("/interactions/batch", json={"interactions": rows})
    assert response.status_code == httpx.codes.OK
    results = response.json()["results"]
    assert [entry["index"] for entry in results] == list(range(len(rows)))
    assert [entry["status"] for entry in results] == [201, 200, 409, 404, 404, 422, 422, 422, 422, 201]
    fields = [[error["field"] for error in (entry.get("error") or {}).get("errors") or []] for entry in results]
    assert [field[0] if field else None for field in fields] == [
        *(None, None, "event_id", "item_id", "user_id", "value", "occurred_at", "item_id", "body", None)
    ]
    assert all(entry["error"]["status"] == entry["status"] for entry in results if entry.get("error"))
    assert _profile(api, newcomer)["counts"] == {"total": 2, "view": 1, "like": 1}


def test_a_batch_holds_up_to_a_thousand_rows(api: httpx.Client, newcomer: int) -> None:
    rows = [
        {"user_id": newcomer, "item_id": 1 + row % 100, "type": "rating", "value": 0.5 * (1 + row // 100)}
        for row in range(1_000)
    ]
    results = api.post("/interactions/batch", json={"interactions": rows}).json()["results"]
    assert {entry["status"] for entry in results} == {201}
    assert _profile(api, newcomer)["counts"]["total"] == 1_000
