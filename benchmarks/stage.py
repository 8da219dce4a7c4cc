"""What a benchmark needs around the API: its own PostgreSQL and Redis, a seeded world, a release, processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from model_trainer.fitting import DEFAULT_ALGORITHMS, fit
from model_trainer.snapshot import read_snapshot
from native import processes
from native.account import private_folder, server_account
from native.answers import http_ok
from native.places import ROOT
from native.ports import LOOPBACK, free_port, is_open
from native.providers.postgres import STOP_SIGNAL, PostgresServer
from native.providers.postgres_binaries import fill_copy, usable_tree, wheel_tree
from native.providers.redis import RedisServer, find_binary
from recsys.migrations import migrate
from recsys.release import Release, new_version, write_release
from recsys.settings import EventWeights

DATABASE = "benchmark"
START_SECONDS = 120


@dataclass(frozen=True)
class World:
    """How much of everything."""

    users: int
    items: int
    interactions: int


@dataclass(frozen=True)
class Server:
    """A process that answers on a port."""

    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Used so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def memory_mb(self) -> float:
        return float(self.process.memory_info().rss) / 1e6


@contextmanager
def started(command: list[str], log: Path, ready: Callable[[], bool], environment: Mapping[str, str]) -> Iterator[int]:
    """The process id, once it is ready. Raises `RuntimeError` with the end of its log if it does not get there."""
    with log.open("wb") as output:
        process = processes.start(command, output=output, environment=dict(environment), folder=ROOT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command} did not come up:\n{log.read_text()[-3000:]}")
            time.sleep(0.1)
        yield process.pid
    finally:
        processes.stop(process)


@contextmanager
def running_api(world: World, environment_more: Mapping[str, str]) -> Iterator[Server]:
    """The API over a freshly seeded world; everything is gone afterwards."""
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="recstack-benchmark-")))
        database_url = stack.enter_context(_postgres())
        environment = _environment(state, database_url, stack.enter_context(_redis(state))) | dict(environment_more)
        _seed(world, environment)
        _publish(database_url, state / "releases")
        port = int(environment["API_PORT"])
        command = [sys.executable, "-m", "recommendation_api"]
        pid = stack.enter_context(
            started(command, state / "api.log", lambda: http_ok(port, "/ready"), os.environ | environment)
        )
        yield Server(port, psutil.Process(pid))


@contextmanager
def running_bare(body_bytes: int) -> Iterator[Server]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="recstack-benchmark-") as folder:
        environment = os.environ | {"BARE_PORT": str(port), "BARE_BODY_BYTES": str(body_bytes)}
        command = [sys.executable, str(Path(__file__).parent / "bare.py")]
        with started(command, Path(folder) / "bare.log", lambda: is_open(port), environment) as pid:
            yield Server(port, psutil.Process(pid))


@contextmanager
def _postgres() -> Iterator[str]:
    account = server_account()
    folder = private_folder(account, "recstack-benchmark-")
    tree = usable_tree(account, folder)
    if tree != wheel_tree():
        fill_copy(tree)
    server = PostgresServer(tree, folder / "data", folder, free_port(), account)
    server.initialise()
    with (folder / "server.log").open("wb") as output:
        process = processes.start(server.command(), output=output, account=account, stop_signal=STOP_SIGNAL)
    try:
        while not server.is_ready():
            time.sleep(0.1)
        server.ensure_role()
        server.ensure_database(DATABASE)
        migrate(server.url(DATABASE))
        yield server.url(DATABASE)
    finally:
        processes.stop(process, STOP_SIGNAL)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    server = RedisServer(find_binary(), folder, free_port())
    with started(server.command(), folder / "redis.log", server.is_ready, os.environ):
        yield server.url()


def _environment(state: Path, database_url: str, redis_url: str) -> dict[str, str]:
    """MLflow is not there: the API takes the newest release on disk, as it does in an outage."""
    return {
        "PYTHONPATH": f"{ROOT / 'services'}{os.pathsep}{ROOT}",
        "RECSTACK_DATABASE_URL": database_url,
        "RECSTACK_REDIS_URL": redis_url,
        "RECSTACK_MLFLOW_URL": f"http://{LOOPBACK}:{free_port()}",
        "RECSTACK_ALIAS_POLL_SECONDS": "3600",
        "RECSTACK_STATE_DIR": str(state),
        "RECSTACK_RELEASES_DIR": str(state / "releases"),
        "API_PORT": str(free_port()),
        "API_WORKERS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _seed(world: World, environment: Mapping[str, str]) -> None:
    sizes = ["--users", str(world.users), "--items", str(world.items), "--interactions", str(world.interactions)]
    command = [sys.executable, "-m", "data_generator", "seed", *sizes]
    done = subprocess.run(  # noqa: S603 - our own module
        command, env=os.environ | environment, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")


def _publish(database_url: str, releases: Path) -> None:
    """Fit on everything and write the release; nothing is judged here."""
    snapshot = read_snapshot(database_url)
    data = snapshot.training_data(snapshot.events, EventWeights())
    models = fit(DEFAULT_ALGORITHMS, data).with_hybrid(None)
    now = datetime.now(UTC)
    releases.mkdir(parents=True, exist_ok=True)
    write_release(releases, Release(new_version(now), now, data.user_ids, data.item_ids, data.histories, models))
