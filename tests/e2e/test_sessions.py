"""Guests: events and lists without an account, and what becomes of them at sign-up."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import redis

from recsys.testing.worlds import SmallWorld
from tests.e2e.conftest import PutItem, Recommend
from tests.e2e.problems import assert_problem
from tests.e2e.stack import Stack


@pytest.fixture
def session_id(api: httpx.Client) -> str:
    """Of a guest who came just now."""
    response = api.post("/sessions", json={})
    assert response.status_code == httpx.codes.CREATED, response.text
    return str(response.json()["session_id"])


def _act(api: httpx.Client, session_id: str, item_id: int, kind: str = "like", **more: Any) -> None:
    event = {"item_id": item_id, "type": kind, **more}
    response = api.post(f"/sessions/{session_id}/interactions", json=event)
    assert response.status_code == httpx.codes.CREATED, response.text


def _listed(api: httpx.Client, **question: Any) -> dict[str, Any]:
    response = api.post("/sessions/recommendations", json=question)
    assert response.status_code == httpx.codes.OK, response.text
    found: dict[str, Any] = response.json()
    return found


def _ids(answer: dict[str, Any]) -> list[int]:
    return [entry["item_id"] for entry in answer["recommendations"]]


def _events(api: httpx.Client, user_id: int) -> dict[str, int]:
    counts: dict[str, int] = api.get(f"/users/{user_id}/profile").json()["counts"]
    return counts


def test_a_guest_s_very_next_list_follows_each_event(api: httpx.Client, session_id: str, world: SmallWorld) -> None:
    assert _listed(api, session_id=session_id)["cold_start"] is True
    for category in ("Garden", "Music"):
        _act(api, session_id, world.items_of(category)[0])
        answer = _listed(api, session_id=session_id)
        assert answer["cold_start"] is False
        assert [entry["category"] for entry in answer["recommendations"]].count(category) >= 3
        assert world.items_of(category)[0] not in _ids(answer)


def test_items_alone_are_enough_and_are_left_out(api: httpx.Client, world: SmallWorld) -> None:
    given = list(world.items_of("Space")[:3])
    answer = _listed(api, item_ids=given, num_recommendations=5)
    assert len(_ids(answer)) == 5
    assert not set(given) & set(_ids(answer))
    assert [entry["category"] for entry in answer["recommendations"]].count("Space") >= 4
    assert answer.keys() >= {"session_id", "algorithm", "release", "generated_at", "degraded", "recommendations"}


def test_what_reads_like_a_brand_new_item_follows_it(api: httpx.Client, put_item: PutItem, world: SmallWorld) -> None:
    like = world.items[world.items_of("Space")[4] - 1]
    new = put_item(title=f"{like.title} again", description=like.description, tags=list(like.tags))
    answer = _listed(api, item_ids=[new], num_recommendations=5)
    assert [entry["category"] for entry in answer["recommendations"]].count("Space") >= 3


def test_a_session_ends_by_itself_and_its_id_cannot_be_guessed(
    api: httpx.Client, stack: Stack, session_id: str
) -> None:
    assert len(session_id) >= 32
    _act(api, session_id, 1)
    with redis.Redis.from_url(stack.redis_url) as client:
        keys = list(client.scan_iter(f"*{session_id}*"))
        assert len(keys) == 1
        assert 0 < client.ttl(keys[0]) <= 86_400
        client.delete(keys[0])
    assert_problem(api.post("/sessions/recommendations", json={"session_id": session_id}), 404, "session_id")
    event = {"item_id": 1, "type": "like"}
    assert_problem(api.post(f"/sessions/{session_id}/interactions", json=event), 404, "session_id")


def test_the_first_list_after_the_sign_up_is_the_guest_s(
    api: httpx.Client, recommend: Recommend, session_id: str, world: SmallWorld
) -> None:
    for item_id in world.items_of("Kitchen")[:2]:
        _act(api, session_id, item_id)
    before = _ids(_listed(api, session_id=session_id))
    user_id = api.post("/users", json={"session_id": session_id}).json()["user_id"]
    assert _events(api, user_id) == {"total": 2, "like": 2}
    assert _ids(recommend(user_id)) == before


def test_a_session_is_merged_once(api: httpx.Client, newcomer: int, session_id: str) -> None:
    _act(api, session_id, 1)
    _act(api, session_id, 2, "rating", value=4.5)
    for _ in range(2):
        response = api.patch(f"/users/{newcomer}", json={"session_id": session_id})
        assert response.status_code == httpx.codes.OK, response.text
        assert _events(api, newcomer)["total"] == 2
    for refused in (
        api.post("/users", json={"session_id": session_id}),
        api.patch("/users/1", json={"session_id": session_id}),
    ):
        assert_problem(refused, 409, "session_id")
    assert_problem(api.post("/users", json={"session_id": "never-was"}), 404, "session_id")


def test_of_accounts_that_race_for_a_session_one_gets_it_whole(api: httpx.Client, session_id: str) -> None:
    for item_id in range(1, 6):
        _act(api, session_id, item_id)
    user_ids = [api.post("/users", json={}).json()["user_id"] for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        merge = {"session_id": session_id}
        answers = list(pool.map(lambda user_id: api.patch(f"/users/{user_id}", json=merge).status_code, user_ids * 2))
    assert set(answers) <= {200, 409}
    assert sorted(_events(api, user_id)["total"] for user_id in user_ids) == [0, 0, 0, 5]


def test_an_event_that_is_acknowledged_while_the_guest_signs_up_is_not_lost(
    api: httpx.Client, newcomer: int, session_id: str
) -> None:
    """Each is either the user's afterwards or was refused."""
    merged = threading.Event()

    def go_on(worker: int) -> int:
        """How many were taken."""
        path, taken, refused = f"/sessions/{session_id}/interactions", 0, 0
        while refused < 3:
            item_id = worker + 4 * (taken % 20) + 1
            was_merged = merged.is_set()
            status = api.post(path, json={"item_id": item_id, "type": "view"}).status_code
            assert status in {201, 404, 409}
            taken, refused = taken + (status == httpx.codes.CREATED), refused + (status != httpx.codes.CREATED)
            assert not (was_merged and status == httpx.codes.CREATED)
        return taken

    with ThreadPoolExecutor(4) as pool:
        workers = [pool.submit(go_on, worker) for worker in range(4)]
        time.sleep(0.1)
        assert api.patch(f"/users/{newcomer}", json={"session_id": session_id}).status_code == httpx.codes.OK
        merged.set()
        taken = sum(worker.result() for worker in workers)
    assert taken > 4
    assert _events(api, newcomer)["total"] == taken


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/sessions", {"user_id": 1}, "user_id"),
        ("/sessions/recommendations", {}, "session_id"),
        ("/sessions/recommendations", {"session_id": "a", "item_ids": [1]}, "item_ids"),
        ("/sessions/recommendations", {"item_ids": [True]}, "item_ids.0"),
        ("/sessions/recommendations", {"item_ids": [1], "num_recommendations": 501}, "num_recommendations"),
        ("/users", {"session_id": 5}, "session_id"),
    ],
)
def test_bad_input_names_the_field(api: httpx.Client, path: str, body: dict[str, Any], field: str) -> None:
    assert_problem(api.post(path, json=body), 422, field)


def test_a_guest_s_event_is_read_as_strictly_as_a_user_s(api: httpx.Client, session_id: str) -> None:
    for event, field in (({"item_id": 1}, "type"), ({"item_id": 1, "type": "like", "user_id": 1}, "user_id")):
        assert_problem(api.post(f"/sessions/{session_id}/interactions", json=event), 422, field)
    unknown = {"item_id": 987_654_321, "type": "like"}
    assert_problem(api.post(f"/sessions/{session_id}/interactions", json=unknown), 404, "item_id")
