"""`python -m recommendation_api` itself: two workers behind one port."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from native import processes
from native.answers import http_ok
from native.places import ROOT
from native.ports import LOOPBACK, free_port
from recsys.settings import Settings

pytestmark = pytest.mark.integration

WORKERS = 2
MIB = 1 << 20


def eventually(is_so: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "api.log"


@pytest.fixture
def server(settings: Settings, variables: dict[str, str], log: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Its address and its process."""
    del settings
    port = free_port()
    environment = (
        os.environ
        | variables
        | {
            "PYTHONPATH": f"{ROOT / 'services'}{os.pathsep}{ROOT}",
            "API_PORT": str(port),
            "API_WORKERS": str(WORKERS),
            "RECSTACK_LOG_JSON": "true",
            "RECSTACK_ADMIN_KEY": "master",
            "RECSTACK_CATALOGUE_POLL_SECONDS": "60",
            "OPENBLAS_NUM_THREADS": "1",
        }
    )
    with log.open("wb") as output:
        process = processes.start([sys.executable, "-m", "recommendation_api"], output=output, environment=environment)
    try:
        eventually(lambda: process.poll() is not None or http_ok(port, "/ready"), 120)
        assert process.poll() is None, log.read_text()
        yield f"http://{LOOPBACK}:{port}", process
    finally:
        processes.stop(process)


def counted(address: str, route: str) -> float:
    text = httpx.get(f"{address}/metrics").text
    found = re.findall(rf'^recstack_requests_total{{.*route="{re.escape(route)}".*}} (\S+)$', text, re.MULTILINE)
    return sum(map(float, found))


def recommended(address: str, user_id: int) -> list[list[int]]:
    """The lists of twenty answers, each over a connection of its own: every worker is asked."""
    answers = [httpx.post(f"{address}/recommendations", json={"user_id": user_id}).json() for _ in range(20)]
    return [[entry["item_id"] for entry in answer["recommendations"]] for answer in answers]


def test_two_workers_are_one_service(server: tuple[str, subprocess.Popen[bytes]], log: Path) -> None:
    address, process = server
    answers = [httpx.get(f"{address}/items/{item_id}") for item_id in range(1, 41)]
    assert {answer.status_code for answer in answers} == {200}
    assert "server" not in answers[0].headers
    assert counted(address, "/items/{item_id}") == 40

    item = {"title": "Zanzibarian thimble", "category": "Curios"}
    assert httpx.put(f"{address}/items/9000", json=item).status_code == 201
    time.sleep(0.5)
    shown = [httpx.get(f"{address}/popular?category=Curios").json()["items"] for _ in range(20)]
    assert [[each["item_id"] for each in items] for items in shown] == [[9000]] * 20

    (hidden, blocked, *_), *others = recommended(address, 8)
    assert all(listed[:2] == [hidden, blocked] for listed in others)
    assert httpx.put(f"{address}/users/8/hidden_items/{hidden}").status_code == 204
    assert not any(hidden in listed for listed in recommended(address, 8))
    rule = {"name": "x", "action": "block", "target": {"item_ids": [blocked]}}
    assert httpx.post(f"{address}/rules", json=rule, headers={"X-API-Key": "master"}).status_code == 201
    time.sleep(0.5)
    assert not any(blocked in listed for listed in recommended(address, 8))

    alike = httpx.get(f"{address}/users/7/similar").json()["users"][0]["user_id"]
    assert httpx.delete(f"{address}/users/7").status_code == 200
    gone = [httpx.get(f"{address}/users/7/profile").status_code for _ in range(10)]
    gone += [httpx.post(f"{address}/recommendations", json={"user_id": 7}).status_code for _ in range(10)]
    assert gone == [410] * 20
    time.sleep(0.5)
    nearest = [httpx.get(f"{address}/users/{alike}/similar?num_users=500").json()["users"] for _ in range(10)]
    assert 7 not in {near["user_id"] for found in nearest for near in found}

    for body in (b" " * (10 * MIB), iter([b" " * MIB] * 10)):
        refused = httpx.post(f"{address}/interactions", content=body)
        assert (refused.status_code, refused.headers["content-type"]) == (413, "application/problem+json")

    written = log.read_text()
    assert not re.search(r"/items/\d|9000|/users/\d|user_id", written)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) in {0, -signal.SIGTERM}
    assert "Traceback" not in log.read_text()


def test_a_killed_worker_is_replaced_and_its_gauges_go(
    server: tuple[str, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    address, process = server
    metrics = next(tmp_path.glob("run/*/metrics"))
    eventually(lambda: len(list(metrics.glob("gauge_live*.db"))) >= WORKERS)
    workers = {int(path.stem.rpartition("_")[2]) for path in metrics.glob("gauge_live*.db")}
    victim = min(workers)
    for item_id in range(1, 21):
        httpx.get(f"{address}/items/{item_id}")
    eventually(lambda: counted(address, "/items/{item_id}") == 20)  # an answer is counted once it has been sent
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: len({int(p.stem.rpartition("_")[2]) for p in metrics.glob("counter_*.db")}) > WORKERS)
    eventually(lambda: httpx.get(f"{address}/ready").status_code == 200)
    assert counted(address, "/items/{item_id}") == 20
    assert not list(metrics.glob(f"gauge_live*_{victim}.db"))
    assert process.poll() is None
