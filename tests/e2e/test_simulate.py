"""Users of a generated world, played against the running API."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psycopg
import pytest

from data_generator.simulate import client as client_module
from data_generator.simulate.client import Client
from data_generator.simulate.opening import check_truth, open_menu
from data_generator.simulate.people import People
from data_generator.simulate.reading import expected_clicks
from data_generator.simulate.tally import Tally
from data_generator.simulate.traffic import Traffic
from data_generator.simulate.visitor import Site
from data_generator.truth import FILE_NAME, Truth, read_truth
from native import processes
from native.answers import http_ok
from native.places import ROOT
from native.ports import LOOPBACK, free_port
from recsys.evaluation.bootstrap import paired_bootstrap
from recsys.testing.gate import Gate
from tests.e2e.stack import Stack, running_api

RATE = 30.0
PATIENCE_SECONDS = 20
LISTS_KEPT_SECONDS = 1.0
"""By then the API has written the lists that it answered."""
WHAT_CAME = """
    SELECT count(*), count(e.recommendation_id), count(l.recommendation_id), count(*) FILTER (WHERE NOT timed_by_server)
    FROM interactions e LEFT JOIN recommendation_lists l
    ON l.recommendation_id = e.recommendation_id AND l.user_id = e.user_id AND e.item_id = ANY (l.item_ids)
    WHERE e.received_at > %s
"""
"""Events, those that name a list, those whose list is that user's and holds the item, those with a time of the
caller's."""


@pytest.fixture
def truth(generated: Stack) -> Truth:
    return read_truth(Path(generated.environment["RECSTACK_STATE_DIR"]) / FILE_NAME)


def _simulate(stack: Stack, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "data_generator", "simulate", *flags],
        env=stack.environment | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_run_keeps_its_rate_makes_no_error_and_leaves_attributed_events(generated: Stack) -> None:
    with psycopg.connect(generated.database_url) as connection:
        began = connection.execute("SELECT now()").fetchone()
    done = _simulate(generated, "--rate", "30", "--users", "60", "--duration", "8", "--seed", "5")
    assert done.returncode == 0, done.stderr
    requests = re.search(r"requests\s+│ (\d+) ", done.stdout)
    assert requests, done.stdout
    assert 0.9 * 8 * RATE < int(requests[1]) < 1.15 * 8 * RATE
    assert re.search(r"errors\s+│ none", done.stdout), done.stdout
    assert "hybrid" in done.stdout
    assert re.search(r"p50 .* ms, p95 .* ms", done.stdout)
    time.sleep(LISTS_KEPT_SECONDS)
    with psycopg.connect(generated.database_url) as connection:
        events, attributed, answering, untimed = connection.execute(WHAT_CAME, began).fetchone() or (0,) * 4
    assert 0 < attributed == answering < events
    assert untimed == 0


def test_lists_that_know_the_taste_are_clicked_more_in_truth(generated: Stack, truth: Truth) -> None:
    rng = np.random.default_rng(3)
    users = rng.choice(len(truth.users), 300, replace=False).tolist()
    clicks: dict[str, list[float]] = {"hybrid": [], "popularity": [], "random": []}
    with httpx.Client(base_url=generated.url, timeout=30) as api:
        for user in users:
            for name in ("hybrid", "popularity"):
                answer = api.post("/recommendations", json={"user_id": user + 1, "algorithm": name}).json()
                items = np.array([entry["item_id"] - 1 for entry in answer["recommendations"]])
                clicks[name].append(expected_clicks(truth.liking(user, items)))
            clicks["random"].append(expected_clicks(truth.liking(user, rng.choice(len(truth.items), 10))))
    better = [("hybrid", "popularity"), ("popularity", "random")]
    for one, other in better:
        gap = paired_bootstrap(np.array(clicks[one]), np.array(clicks[other]))
        assert gap.low > 0, (one, other, str(gap))


def test_a_signal_ends_it_with_a_summary(generated: Stack, tmp_path: Path) -> None:
    log = tmp_path / "traffic.log"
    command = [sys.executable, "-m", "data_generator", "simulate", "--rate", "20"]
    with log.open("wb") as output:
        process = processes.start(command, output=output, environment=generated.environment, folder=ROOT)
    try:
        time.sleep(5)
        assert process.poll() is None, log.read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        processes.stop(process)
    assert "What became of the lists" in log.read_text()
    assert "Traceback" not in log.read_text()


def test_no_api_is_said_in_a_sentence(generated: Stack) -> None:
    done = _simulate(generated, "--api", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 2
    assert "No API answers at http://127.0.0.1:" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_shop_of_another_world_is_refused(generated: Stack, stack: Stack) -> None:
    done = _simulate(generated, "--api", stack.url)
    assert done.returncode == 2
    assert "another catalogue" in done.stderr


def test_a_key_is_needed_and_taken_where_the_api_has_one(generated: Stack, tmp_path: Path) -> None:
    environment = generated.environment | {"API_PORT": str(free_port()), "RECSTACK_API_KEY": "open sesame"}
    with running_api(environment, tmp_path / "api.log") as url:
        refused = _simulate(generated, "--api", url)
        taken = _simulate(generated, "--api", url, "--rate", "20", "--duration", "2", RECSTACK_API_KEY="open sesame")
    assert refused.returncode == 2
    assert "RECSTACK_API_KEY" in refused.stderr
    assert taken.returncode == 0, taken.stderr
    assert re.search(r"errors\s+│ none", taken.stdout), taken.stdout


def test_an_api_without_a_release_is_refused(generated: Stack, database_url: str, tmp_path: Path) -> None:
    port = free_port()
    fresh = {"API_PORT": str(port), "RECSTACK_DATABASE_URL": database_url, "RECSTACK_STATE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "recommendation_api"]
    with (tmp_path / "api.log").open("wb") as output:
        process = processes.start(command, output=output, environment=generated.environment | fresh, folder=ROOT)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not http_ok(port, "/health"):
            assert time.monotonic() < deadline, (tmp_path / "api.log").read_text()
            time.sleep(0.1)
        done = _simulate(generated, "--api", f"http://{LOOPBACK}:{port}")
    finally:
        processes.stop(process)
    assert done.returncode == 2
    assert "is not ready (503)" in done.stderr


@dataclass
class _Heard:
    sentences: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)

    def minute(self) -> None: ...


@asynccontextmanager
async def _traffic_through(url: str, truth: Truth, tally: Tally, heard: _Heard) -> AsyncIterator[Site]:
    client, stop = Client(url, None, tally), asyncio.Event()
    menu, rng = await open_menu(client), np.random.default_rng(0)
    await check_truth(client, truth, rng)
    site = Site(client, menu, truth, People(rng, truth, None), tally)
    running = asyncio.create_task(Traffic(site, RATE, np.random.SeedSequence(1), heard).run(stop, None))
    try:
        yield site
        stop.set()
        await asyncio.wait_for(running, PATIENCE_SECONDS)
    finally:
        running.cancel()
        await client.aclose()


def _gate(stack: Stack) -> Gate:
    return Gate(free_port(), int(stack.environment["API_PORT"]))


def _url(gate: Gate) -> str:
    return f"http://{LOOPBACK}:{gate.port}"


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - a count is no event
            await asyncio.sleep(0.05)


def _went_on(tally: Tally) -> Callable[[], bool]:
    before = tally.events.total()
    return lambda: tally.events.total() > before + 10


@pytest.mark.anyio
async def test_traffic_waits_for_an_api_that_is_away_and_goes_on(generated: Stack, truth: Truth) -> None:
    tally, heard = Tally(), _Heard()
    async with _gate(generated) as gate, _traffic_through(_url(gate), truth, tally, heard):
        await _until(_went_on(tally))
        await gate.shut()
        await _until(lambda: tally.skipped > RATE)
        requests = tally.total
        await asyncio.sleep(1)
        assert tally.total == requests
        await gate.open()
        await _until(_went_on(tally))
    assert [sentence.split(":")[0].split(",")[0] for sentence in heard.sentences] == [
        "The API does not answer",
        "The API answers again",
    ]
    assert {"ConnectError", "ReadError", "RemoteProtocolError"} & set(tally.errors)


@pytest.mark.anyio
async def test_a_silent_api_gets_no_more_calls_than_visitors(
    generated: Stack, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "CALL_SECONDS", 3.0)
    tally, heard = Tally(), _Heard()
    async with _gate(generated) as gate, _traffic_through(_url(gate), truth, tally, heard):
        await _until(_went_on(tally))
        gate.fall_silent()
        tasks = len(asyncio.all_tasks())
        await _until(lambda: tally.skipped > RATE)
        assert len(asyncio.all_tasks()) < tasks + 3 * 2 * RATE
        gate.speak()
        await _until(_went_on(tally))


@pytest.mark.anyio
async def test_another_release_is_asked_what_it_holds(generated: Stack, truth: Truth) -> None:
    tally = Tally()
    async with _traffic_through(generated.url, truth, tally, _Heard()) as site:
        live, held = site.menu.release, site.menu.algorithms
        site.menu.read({"release": "an earlier one", "algorithms": [{"name": "popularity"}]})
        await _until(lambda: site.menu.release == live)
        assert site.menu.algorithms == held
