"""The stack on a small population with everything that tells metrics, watched by a real Prometheus."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from redis import Redis

from model_trainer.case import Case
from model_trainer.click_through import ClickThrough
from model_trainer.decision import Reason, Refusal
from model_trainer.feedback import Feedback
from model_trainer.quality import Check
from model_trainer.records import record_refusal
from native import processes
from native.answers import http_ok
from native.places import ROOT
from native.ports import LOOPBACK, free_port
from native.providers.postgres import PostgresServer
from recsys.adapters.clock import SystemClock
from recsys.settings import GateSettings
from tests.conftest import running_mlflow, running_redis
from tests.e2e.stack import run, running_api, service_environment
from tests.platform.prometheus import Prometheus, running_prometheus
from tests.platform.traffic import play
from tests.platform.waiting import wait_until

FOLDER = Path(__file__).parent
DATABASE, MLFLOW_DATABASE = "recstack_platform", "mlflow_platform"
STACK_SECONDS = 600
SEED = ("--users", "1200", "--items", "2000", "--interactions", "36000")
"""Few, but enough of each demographic group to be judged."""
ROUNDS = 6
"""Of traffic, a second apart, so that every counter grows between scrapes."""
PAUSE_SECONDS = 4.0
"""Longer than the API waits for Redis."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(FOLDER) and "watched" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(STACK_SECONDS))


@dataclass(frozen=True, slots=True)
class Watched:
    """A platform that had traffic, and the Prometheus that saw it."""

    prometheus: Prometheus
    absent: dict[str, str]
    """Exporter's job → why nobody tells its metrics."""


@pytest.fixture(scope="session")
def watched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    if shutil.which("prometheus") is None:
        pytest.skip("there is no prometheus on PATH (Debian's package of that name has it)")
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    state = tmp_path_factory.mktemp("platform")
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(running_redis())
        mlflow_url = stack.enter_context(running_mlflow(postgres, MLFLOW_DATABASE))
        environment = _prepared(postgres, redis.url(), mlflow_url, state)
        trainer = stack.enter_context(_trainer(environment, state))
        exporters = {
            job: stack.enter_context(_exporter(job, program, settings, state))
            for job, program, settings in _exporters(postgres.url(DATABASE), redis.url())
            if shutil.which(program)
        }
        url = stack.enter_context(running_api(environment, state / "api.log"))
        targets = {"recommendation-api": url.removeprefix("http://"), "model-trainer": trainer, **exporters}
        prometheus = stack.enter_context(running_prometheus(state / "prometheus", targets))
        with httpx.Client(base_url=url, timeout=30) as api:
            for number in range(ROUNDS):
                play(api)
                if number == ROUNDS // 2:
                    _without_redis(redis.url(), api)
                time.sleep(1)
        missing = {
            job: f"there is no {program} on PATH (Debian's package of that name has it)"
            for job, program, _ in _exporters("", "")
            if job not in exporters
        }
        yield Watched(prometheus, missing)


def _without_redis(url: str, api: httpx.Client) -> None:
    """Lists while Redis answers nobody: its failures, and answers that say so."""
    with Redis.from_url(url) as client:
        client.client_pause(int(PAUSE_SECONDS * 1000))
    away = time.monotonic() + PAUSE_SECONDS
    while time.monotonic() < away:
        assert api.post("/recommendations", json={"user_id": 1}).status_code == httpx.codes.OK
        time.sleep(0.05)


def _prepared(postgres: PostgresServer, redis_url: str, mlflow_url: str, state: Path) -> dict[str, str]:
    """Migrated, loaded and trained as a first start does it; the environment of all services."""
    postgres.ensure_database(DATABASE)
    database_url = postgres.url(DATABASE)
    environment = service_environment(state, database_url, redis_url, mlflow_url)
    environment |= {"API_WORKERS": "2", "TRAINER_METRICS_PORT": str(free_port())}
    run(["recsys.migrations"], environment)
    run(["data_generator", "seed", *SEED], environment)
    run(["model_trainer", "train"], environment)
    _refuse(database_url)
    return environment


def _refuse(database_url: str) -> None:
    """Record a later training as the trainer does that was refused: what drifted, what was clicked, why."""
    clicks = ClickThrough("20260101-120000-aaaa", shown=900, observed=0.05, low=0.04, high=0.06, predicted=0.08)
    refusal = Refusal(Reason.DUPLICATES, "Not published: too many duplicates.")
    checks = [
        Check("drift of ratings", 0.02, 1.0, warn_above=0.1),
        Check("duplicates", 0.2, 0.1, refusal),
        *Feedback(0.1, 0.2, clicks).checks(GateSettings()),
    ]
    case = Case(clicks.release, None, checks, clicks)
    record_refusal(database_url, case.decision(SystemClock().now(), [refusal]))


@contextmanager
def _trainer(environment: dict[str, str], state: Path) -> Iterator[str]:
    """The scheduled trainer, with nothing to do yet; where it tells its metrics."""
    port = int(environment["TRAINER_METRICS_PORT"])
    command = [sys.executable, "-m", "model_trainer", "schedule", "--every", "6h"]
    with _running(command, state / "trainer.log", port, environment) as address:
        yield address


def _exporters(database_url: str, redis_url: str) -> tuple[tuple[str, str, dict[str, str]], ...]:
    """Job, program, environment."""
    postgres = {"DATA_SOURCE_NAME": f"{database_url}?sslmode=disable"}
    return (
        ("postgres-exporter", "prometheus-postgres-exporter", postgres),
        ("redis-exporter", "prometheus-redis-exporter", {"REDIS_ADDR": redis_url}),
    )


@contextmanager
def _exporter(job: str, program: str, settings: dict[str, str], state: Path) -> Iterator[str]:
    port = free_port()
    command = [program, f"--web.listen-address={LOOPBACK}:{port}"]
    with _running(command, state / f"{job}.log", port, os.environ | settings) as address:
        yield address


@contextmanager
def _running(command: list[str], log: Path, port: int, environment: Mapping[str, str]) -> Iterator[str]:
    """A program that answers /metrics on `port`; its address."""
    with log.open("wb") as output:
        process = processes.start(command, output=output, environment=environment, folder=ROOT)
    try:
        wait_until(lambda: http_ok(port, "/metrics"), process, log)
        yield f"{LOOPBACK}:{port}"
    finally:
        processes.stop(process, patience=20)
