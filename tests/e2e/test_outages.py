"""One dependency after the other goes away under a service of two workers: lists go on, writes are refused, it heals.

The service is one more over the servers of the stack, which it reaches through lines that can be cut: nothing of the
others' is stopped. What containers show of this is tested in `test_containers.py`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from native.ports import free_port
from tests.e2e.conftest import PROCESSES
from tests.e2e.stack import Stack, running_api
from tests.integration.recommendation_api.relay import Relay

USER, OTHER = 3, 60
LENGTH = 9
"""Too short for new items of other tests to be explored in it."""
HEAL_SECONDS = 30.0
VARIABLES = {"postgres": "DATABASE", "redis": "REDIS", "mlflow": "MLFLOW"}


class Line:
    """A relay in a thread of its own."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._relay = Relay(address.port or 0)
        self.url = address._replace(netloc=address.netloc.replace(f":{address.port}", f":{self._relay.port}")).geturl()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def open(self) -> None:
        self._run(self._relay.open())

    def cut(self) -> None:
        self._run(self._relay.cut())

    def hush(self) -> None:
        self._loop.call_soon_threadsafe(self._relay.hush)

    def thaw(self) -> None:
        self._loop.call_soon_threadsafe(self._relay.thaw)

    def close(self) -> None:
        self._run(self._relay.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


@dataclass(frozen=True)
class Exposed:
    """A service whose dependencies can be taken away."""

    api: httpx.Client
    lines: dict[str, Line]

    def asked(self, user_id: int = USER, **more: Any) -> dict[str, Any]:
        body = {"user_id": user_id, "num_recommendations": LENGTH, **more}
        answer = self.api.post("/recommendations", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        assert len(found["recommendations"]) == LENGTH
        return found

    def health(self, dependency: str) -> str:
        states: dict[str, str] = self.api.get("/health").json()["dependencies"]
        return states[dependency]


@contextmanager
def over_lines(stack: Stack, folder: Path, *, connected: bool = True, workers: int = 2) -> Iterator[Exposed]:
    environment = stack.environment | {
        "API_PORT": str(free_port()),
        "API_WORKERS": str(workers),
        "RECSTACK_DEPENDENCY_TIMEOUT_SECONDS": "0.5",
        "RECSTACK_ALIAS_POLL_SECONDS": "0.5",
        "RECSTACK_RELEASES_DIR": str(Path(stack.environment["RECSTACK_STATE_DIR"]) / "releases"),
        "RECSTACK_STATE_DIR": str(folder),
    }
    lines = {name: Line(stack.environment[f"RECSTACK_{variable}_URL"]) for name, variable in VARIABLES.items()}
    try:
        for name, variable in VARIABLES.items():
            environment[f"RECSTACK_{variable}_URL"] = lines[name].url
            if connected:
                lines[name].open()
        with (
            running_api(environment, folder / "api.log") as url,
            httpx.Client(base_url=url, timeout=10, trust_env=False) as api,
        ):
            yield Exposed(api, lines)
    finally:
        for line in lines.values():
            line.close()


@pytest.fixture(scope="module")
def _exposed(
    request: pytest.FixtureRequest, runtime: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Exposed]:
    if runtime != PROCESSES:
        pytest.skip("the servers of this runtime cannot be taken from one service alone")
    stack: Stack = request.getfixturevalue("_stack")
    with over_lines(stack, tmp_path_factory.mktemp("outages")) as exposed:
        yield exposed


@pytest.fixture
def exposed(_exposed: Exposed) -> Exposed:
    return _exposed


def eventually(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HEAL_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("how", ["cut", "silent"])
@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_lists_go_on_without_a_dependency_and_say_so_until_it_is_back(exposed: Exposed, name: str, how: str) -> None:
    line = exposed.lines[name]
    whole = exposed.asked(OTHER)
    assert whole["degraded"] == []
    line.cut() if how == "cut" else line.hush()
    try:
        computed = {"use_cache": name == "redis"}
        eventually(lambda: exposed.asked(USER, **computed)["degraded"] == [name])
        began = time.monotonic()
        for user_id in range(1, 21):
            assert exposed.asked(user_id, **computed)["degraded"] == [name]
        assert time.monotonic() - began < 5
        assert exposed.health(name) == "down"
    finally:
        line.open() if how == "cut" else line.thaw()
    eventually(lambda: exposed.health(name) == "ok")
    eventually(lambda: all(exposed.asked(user_id, **computed)["degraded"] == [] for user_id in range(1, 9)))
    after = exposed.asked(OTHER)
    assert [entry["item_id"] for entry in after["recommendations"]] == [
        entry["item_id"] for entry in whole["recommendations"]
    ]


@pytest.mark.parametrize("how", ["cut", "silent"])
def test_lists_go_on_whole_without_mlflow_and_no_release_changes(exposed: Exposed, how: str) -> None:
    line, release = exposed.lines["mlflow"], exposed.asked()["release"]
    line.cut() if how == "cut" else line.hush()
    try:
        eventually(lambda: exposed.health("mlflow") == "down")
        assert exposed.api.get("/health").json()["status"] == "degraded"
        for user_id in range(1, 9):
            assert exposed.asked(user_id)["release"] == release
    finally:
        line.open() if how == "cut" else line.thaw()
    eventually(lambda: exposed.health("mlflow") == "ok")


@pytest.mark.parametrize("how", ["cut", "silent"])
def test_a_write_that_cannot_be_stored_is_refused_and_what_was_accepted_is_there(exposed: Exposed, how: str) -> None:
    line = exposed.lines["postgres"]
    events = [
        {"user_id": USER, "item_id": item_id, "type": "view", "event_id": f"outage-{how}-{item_id}"}
        for item_id in range(1, 7)
    ]
    accepted = []
    line.cut() if how == "cut" else line.hush()
    try:
        for route, body in (
            ("/interactions", events[0]),
            ("/interactions/batch", {"interactions": events}),
            ("/users", {"age": 30}),
        ):
            refused = exposed.api.post(route, json=body)
            assert refused.status_code == 503, route
            assert int(refused.headers["retry-after"]) > 0
            assert refused.headers["content-type"] == "application/problem+json"
        assert exposed.api.put("/items/99999", json={"title": "x", "category": "Books"}).status_code == 503
    finally:
        line.open() if how == "cut" else line.thaw()
    for event in events:
        eventually(lambda event=event: exposed.api.post("/interactions", json=event).status_code in {200, 201})  # type: ignore[misc]
        accepted.append(event["event_id"])
    recent = exposed.api.get(f"/users/{USER}/export").json()["interactions"]
    assert {*accepted} <= {event["event_id"] for event in recent}


def test_it_starts_with_everything_away_and_is_whole_once_it_is_back(
    stack: Stack, runtime: str, tmp_path: Path
) -> None:
    if runtime != PROCESSES:
        pytest.skip("the servers of this runtime cannot be taken from one service alone")
    with over_lines(stack, tmp_path, connected=False, workers=1) as exposed:
        answer = exposed.asked()
        assert sorted(answer["degraded"]) == ["postgres", "redis"]
        assert exposed.api.get("/health").json()["status"] == "degraded"
        for line in exposed.lines.values():
            line.open()
        eventually(lambda: exposed.asked()["degraded"] == [])
        eventually(lambda: exposed.api.get("/health").json()["status"] == "ok")
