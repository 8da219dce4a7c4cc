"""An event is part of the very next answer, from every worker of every replica."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg
import pytest

from native.ports import free_port
from recsys.testing.worlds import SmallWorld
from tests.e2e.conftest import PROCESSES, Recommend
from tests.e2e.stack import Stack, running_api

ASKED = 12
"""Times, each on a connection of its own: the workers of a replica share its port."""


def _act(client: httpx.Client, user_id: int, item_id: int, kind: str = "like") -> None:
    response = client.post("/interactions", json={"user_id": user_id, "item_id": item_id, "type": kind})
    assert response.status_code == httpx.codes.CREATED, response.text


def _categories(answer: dict[str, Any]) -> list[str]:
    return [entry["category"] for entry in answer["recommendations"]]


@pytest.fixture(scope="module")
def _replica(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    stack: Stack = request.getfixturevalue("_stack")
    own = {"API_PORT": str(free_port()), "API_WORKERS": "2"}
    with running_api(stack.environment | own, Path(tmp_path_factory.mktemp("replica")) / "api.log") as url:
        yield url


@pytest.fixture
def replica(request: pytest.FixtureRequest, runtime: str) -> str:
    """Another API over the same servers, with two workers."""
    if runtime != PROCESSES:
        pytest.skip("compose runs one API; its workers are those of the native test")
    url: str = request.getfixturevalue("_replica")
    return url


@pytest.mark.parametrize("count", [1, 2])
def test_every_worker_of_every_replica_knows_an_event_at_once(
    api: httpx.Client, replica: str, newcomer: int, world: SmallWorld, count: int
) -> None:
    question = {"user_id": newcomer}
    seen = [world.items_of(name)[count] for name in ("Garden", "Kitchen")]
    for _ in range(ASKED):
        httpx.post(f"{replica}/recommendations", json=question)
    api.post("/recommendations", json=question)
    _act(api, newcomer, seen[0])
    there = [httpx.post(f"{replica}/recommendations", json=question).json() for _ in range(ASKED)]
    assert {str(answer["recommendations"]) for answer in there} == {str(there[0]["recommendations"])}
    assert not there[0]["cold_start"]
    assert _categories(there[0]).count("Garden") >= 3
    with httpx.Client(base_url=replica) as other:
        _act(other, newcomer, seen[1])
    here = api.post("/recommendations", json=question).json()
    assert {"Garden", "Kitchen"} <= set(_categories(here))
    assert not {entry["item_id"] for entry in here["recommendations"]} & set(seen)


def test_a_guest_s_event_too(api: httpx.Client, replica: str, world: SmallWorld) -> None:
    session_id = httpx.post(f"{replica}/sessions").json()["session_id"]
    event = {"item_id": world.items_of("Space")[1], "type": "like"}
    assert api.post(f"/sessions/{session_id}/interactions", json=event).status_code == httpx.codes.CREATED
    question = {"session_id": session_id}
    answers = [httpx.post(f"{replica}/sessions/recommendations", json=question).json() for _ in range(ASKED)]
    assert all(_categories(answer).count("Space") >= 3 for answer in answers)


def test_a_dislike_pushes_its_neighbourhood_down(
    api: httpx.Client, recommend: Recommend, newcomer: int, world: SmallWorld
) -> None:
    _act(api, newcomer, world.items_of("Garden")[0])
    _act(api, newcomer, world.items_of("Kitchen")[0])

    def near() -> int:
        return _categories(recommend(newcomer)).count("Kitchen")

    before = near()
    for item_id in world.items_of("Kitchen")[1:3]:
        _act(api, newcomer, item_id, "dislike")
    assert before >= 3
    assert near() <= 1


@pytest.fixture
def on_generated(generated: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=generated.url, timeout=30) as client:
        yield client


def _liked_items(generated: Stack, count: int) -> list[tuple[int, str]]:
    """Items that users of the world liked, as often as they did, and their categories."""
    query = """
        SELECT item_id, name FROM interactions JOIN items USING (item_id) JOIN categories USING (category_id)
        WHERE type = 'like' ORDER BY md5(event_id) LIMIT %s
    """
    with psycopg.connect(generated.database_url) as connection:
        return connection.execute(query, [count]).fetchall()


def test_after_one_like_three_of_ten_are_of_its_category(generated: Stack, on_generated: httpx.Client) -> None:
    told = []
    for item_id, category in _liked_items(generated, 40):
        user_id = on_generated.post("/users", json={}).json()["user_id"]
        _act(on_generated, user_id, item_id)
        answer = on_generated.post("/recommendations", json={"user_id": user_id}).json()
        told.append(_categories(answer).count(category))
    assert np.mean(np.array(told) >= 3) >= 0.9, told
