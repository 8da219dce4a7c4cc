"""What only containers can show: whatever dies comes back by itself, and no acknowledged event is lost."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import psycopg
import pytest

from recsys.testing.worlds import SmallWorld
from tests.e2e.compose import ComposeStack, Containers
from tests.e2e.stack import Stack

HEALED_SECONDS = 180
PAUSE_SECONDS = 0.05
SERVERS = (
    *("postgres", "redis", "elasticsearch", "mlflow", "model-trainer", "recommendation-api", "jupyter"),
    *("postgres-exporter", "redis-exporter", "prometheus", "grafana"),
)
JOBS = ("migrate", "data-generator")
FROZEN: dict[str, list[str]] = {"postgres": ["postgres"], "redis": ["redis"], "mlflow": []}
"""What lists say is missing; without MLflow they are whole."""


@pytest.fixture
def containers(stack: Stack) -> Containers:
    return containers_of(stack)


def containers_of(stack: Stack) -> Containers:
    """Skips the test where the stack has none."""
    if not isinstance(stack, ComposeStack):
        pytest.skip("this stack runs as local processes: RECSTACK_STAND_INS or RECSTACK_E2E=containers runs another")
    return stack.containers


def absent_services(stack: Stack) -> list[str]:
    """What was left out of the stack."""
    containers = containers_of(stack)
    there = {*containers.compose("ps", "--all", "--services").split(), *JOBS}
    return sorted(set(containers.compose("config", "--services").split()) - there)


@dataclass
class _Caller:
    """Asks for a newcomer's lists and sends events, again and again, and keeps what was acknowledged."""

    url: str
    user_id: int
    item_ids: list[int]
    acknowledged: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    """Of lists; 0 where nothing answered."""
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=30) as client:
            for turn in range(10**9):
                if self.stop.wait(PAUSE_SECONDS):
                    return
                self._call(client, self.item_ids[turn % len(self.item_ids)])

    def _call(self, client: httpx.Client, item_id: int) -> None:
        event_id = str(uuid.uuid4())
        event = {"event_id": event_id, "user_id": self.user_id, "item_id": item_id, "type": "view"}
        try:
            if client.post("/interactions", json=event).status_code == httpx.codes.CREATED:
                self.acknowledged.append(event_id)
            self.statuses.append(client.post("/recommendations", json={"user_id": self.user_id}).status_code)
        except httpx.TransportError:
            self.statuses.append(0)


@contextmanager
def _calling(url: str, user_id: int, world: SmallWorld) -> Iterator[_Caller]:
    caller = _Caller(url, user_id, [item.item_id for item in world.items])
    thread = threading.Thread(target=caller.run)
    thread.start()
    try:
        yield caller
    finally:
        caller.stop.set()
        thread.join()


def _state(containers: Containers, service: str) -> tuple[int, int, str]:
    """Process on the host, restarts, health."""
    name = containers.compose("ps", "--all", "--quiet", service).strip()
    if not name:
        pytest.skip(f"{service} was left out of this stack")
    found = json.loads(containers.run("docker", "inspect", name))[0]
    return found["State"]["Pid"], found["RestartCount"], found["State"]["Health"]["Status"]


def _wait_until_healed(containers: Containers, service: str, restarts: int) -> None:
    deadline = time.monotonic() + HEALED_SECONDS
    while True:
        _, count, health = _state(containers, service)
        if count > restarts and health == "healthy":
            return
        assert time.monotonic() < deadline, f"{service} did not come back: {count} restarts, {health}"
        time.sleep(1)


def _stored(database_url: str, event_ids: list[str]) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM interactions WHERE event_id = ANY (%s)", (event_ids,)).fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize("service", SERVERS)
def test_what_is_killed_comes_back_and_no_acknowledged_event_is_lost(
    stack: Stack, containers: Containers, world: SmallWorld, newcomer: int, service: str
) -> None:
    process, restarts, health = _state(containers, service)
    assert health == "healthy"
    with _calling(stack.url, newcomer, world) as caller:
        time.sleep(1)
        os.kill(process, signal.SIGKILL)
        _wait_until_healed(containers, service, restarts)
        before = len(caller.acknowledged)
        deadline = time.monotonic() + HEALED_SECONDS
        while len(caller.acknowledged) < before + 5:
            assert time.monotonic() < deadline, "events are not taken any more"
            time.sleep(0.2)
    assert _stored(stack.database_url, caller.acknowledged) == len(caller.acknowledged) > 0
    if service != "recommendation-api":
        assert set(caller.statuses) == {httpx.codes.OK}


@pytest.mark.parametrize("service", FROZEN)
def test_lists_go_on_while_a_server_is_frozen_and_say_so_until_it_thaws(
    stack: Stack, containers: Containers, service: str
) -> None:
    with httpx.Client(base_url=stack.url, timeout=30) as api:
        asked = {"user_id": 3, "num_recommendations": 9, "use_cache": service == "redis"}
        containers.compose("pause", service)
        try:
            _eventually(lambda: _health(api, service) == "down")
            for _ in range(5):
                answer = api.post("/recommendations", json=asked)
                assert answer.status_code == httpx.codes.OK
                assert len(answer.json()["recommendations"]) == 9
                assert answer.json()["degraded"] == FROZEN[service]
            event = api.post("/interactions", json={"user_id": 3, "item_id": 1, "type": "view"})
            stored = service != "postgres"
            assert event.status_code == (httpx.codes.CREATED if stored else httpx.codes.SERVICE_UNAVAILABLE)
            assert stored or int(event.headers["retry-after"]) > 0
        finally:
            containers.compose("unpause", service)
        _eventually(lambda: _health(api, service) == "ok")
        _eventually(lambda: api.post("/recommendations", json=asked).json()["degraded"] == [])


def _health(api: httpx.Client, dependency: str) -> str:
    states: dict[str, str] = api.get("/health").json()["dependencies"]
    return states[dependency]


def _eventually(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HEALED_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.parametrize("job", JOBS)
def test_a_job_ended_well_and_is_not_repeated(containers: Containers, job: str) -> None:
    name = containers.compose("ps", "--all", "--quiet", job).strip()
    state = json.loads(containers.run("docker", "inspect", name))[0]
    assert (state["State"]["Status"], state["State"]["ExitCode"], state["RestartCount"]) == ("exited", 0, 0)


def test_no_process_has_root_or_a_capability(containers: Containers) -> None:
    for name in containers.compose("ps", "--quiet").split():
        inspected = json.loads(containers.run("docker", "inspect", name))[0]
        uid = containers.run("docker", "exec", name, "sh", "-c", "grep -E '^(Uid|CapEff):' /proc/1/status")
        assert "Uid:\t0\t" not in uid, inspected["Name"]
        assert int(uid.split("CapEff:")[1], 16) == 0, inspected["Name"]


def test_data_survives_down_and_up(stack: Stack, containers: Containers, world: SmallWorld) -> None:
    with httpx.Client(base_url=stack.url, timeout=30) as api:
        release = api.get("/health").json()["release"]
        user_id = api.post("/users", json={"age": 40}).json()["user_id"]
    flags = [flag for name in absent_services(stack) for flag in ("--without", name)]
    containers.run("./setup.sh", "stop", "--docker")
    assert containers.compose("ps", "--all", "--quiet") == ""
    containers.run("./setup.sh", "--docker", *flags, seconds=600)
    with httpx.Client(base_url=stack.url, timeout=30) as api:
        assert api.get("/health").json()["release"] == release
        assert api.get(f"/users/{user_id}/profile").json()["demographics"]["age"] == 40
