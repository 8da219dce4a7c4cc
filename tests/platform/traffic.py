"""One round of everything that callers do, right and wrong."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

import httpx

from recsys.domain import Algorithm, EventType

USERS = range(1, 7)
UNKNOWN_USER = 10**9
NEW_ITEM = 5_000_000
TYPES = itertools.cycle(EventType)


def play(api: httpx.Client) -> None:
    """Lists of every kind, events of every kind, every route, and mistakes."""
    served = [Algorithm(entry["name"]) for entry in api.get("/algorithms").json()["algorithms"]]
    lists = [
        _list(api, user, algorithm=algorithm) for user, algorithm in zip(itertools.cycle(USERS), served, strict=False)
    ]
    for user, algorithm in itertools.product(USERS[:2], served):
        _list(api, user, algorithm=algorithm)
        _list(api, user, algorithm=algorithm)
    _unusual_lists(api, USERS[0])
    for answer in lists:
        _events(api, answer)
    _read(api, USERS[0])
    _write(api)
    _guests(api)
    _mistakes(api, USERS[0], lists[0])


def _list(api: httpx.Client, user: int, **body: Any) -> dict[str, Any]:
    response = api.post("/recommendations", json={"user_id": user, **body})
    assert response.status_code == httpx.codes.OK, response.text
    answer: dict[str, Any] = response.json()
    return answer


def _unusual_lists(api: httpx.Client, user: int) -> None:
    _list(api, user, use_cache=False, explain=True)
    _list(api, user, diversity=0.9, num_recommendations=20)
    _list(api, UNKNOWN_USER)
    assert not _list(api, user, filters={"min_price": 10**6})["recommendations"]


def _events(api: httpx.Client, answer: dict[str, Any]) -> None:
    """Each type in turn on items of the list that it names, some of them in a batch."""
    entries = answer["recommendations"]
    rows = [_event(answer["user_id"], entry["item_id"], answer["recommendation_id"]) for entry in entries]
    for row in rows[:5]:
        assert api.post("/interactions", json=row).status_code == httpx.codes.CREATED
    assert api.post("/interactions/batch", json={"interactions": rows[5:]}).status_code == httpx.codes.OK


def _event(user: int, item: int, recommendation_id: str | None = None) -> dict[str, Any]:
    kind = next(TYPES)
    event: dict[str, Any] = {"user_id": user, "item_id": item, "type": kind.value}
    if kind is EventType.RATING:
        event["value"] = 4.0
    return event | ({"recommendation_id": recommendation_id} if recommendation_id else {})


def _read(api: httpx.Client, user: int) -> None:
    for path in (
        *("/health", "/ready", "/algorithms", "/popular", "/search?q=a", f"/users/{user}/profile"),
        *(f"/users/{user}/similar", "/items/1", "/items/1/similar"),
    ):
        assert api.get(path).status_code == httpx.codes.OK, path


def _write(api: httpx.Client) -> None:
    person = api.post("/users", json={"age": 30}).json()["user_id"]
    _list(api, person)
    assert api.patch(f"/users/{person}", json={"age": 31}).status_code == httpx.codes.OK
    assert api.get(f"/users/{person}/export").json()["user"]["age"] == 31
    receipt = api.delete(f"/users/{person}").json()["receipt_id"]
    assert api.get(f"/erasures/{receipt}").is_success
    assert api.post("/interactions", json=_event(person, 1)).status_code == httpx.codes.GONE
    item = {"title": "Made for test", "category": "Made for tests", "price": 10}
    assert api.put(f"/items/{NEW_ITEM}", json=item).is_success


def _guests(api: httpx.Client) -> None:
    """One who signs up, and one who would like to as well."""
    session_id = api.post("/sessions").json()["session_id"]
    event = {"item_id": 1, "type": "like", "event_id": str(uuid.uuid4())}
    for status in (httpx.codes.CREATED, httpx.codes.OK):
        assert api.post(f"/sessions/{session_id}/interactions", json=event).status_code == status
    assert api.post("/sessions/recommendations", json={"session_id": session_id}).is_success
    assert api.post("/users", json={"session_id": session_id}).is_success
    assert api.post("/users", json={"session_id": session_id}).status_code == httpx.codes.CONFLICT


def _mistakes(api: httpx.Client, user: int, answer: dict[str, Any]) -> None:
    again = _event(user, 1) | {"event_id": str(uuid.uuid4())}
    api.post("/interactions", json=again)
    assert api.post("/interactions", json=again).json()["duplicate"] is True
    other = _event(user + 1, answer["recommendations"][0]["item_id"], answer["recommendation_id"])
    assert api.post("/interactions", json=other).is_success
    assert api.post("/interactions", json=_event(user, 2, str(uuid.uuid4()))).is_success
    for method, path, body, status in (
        ("POST", "/recommendations", {"user_id": user, "num_recommendations": 0}, 422),
        ("POST", "/recommendations", {"user_id": user, "algorithm": "guess"}, 422),
        ("POST", "/interactions", {"user_id": user, "item_id": 1, "type": "rating"}, 422),
        ("POST", "/interactions", {"user_id": user, "item_id": 10**9, "type": "view"}, 404),
        ("GET", "/items/999999999", None, 404),
        ("GET", "/users/999999999/profile", None, 404),
        ("GET", "/nowhere", None, 404),
        ("DELETE", "/popular", None, 405),
    ):
        assert api.request(method, path, json=body).status_code == status, (method, path)
