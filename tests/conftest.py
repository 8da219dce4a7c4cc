"""Real servers for the tests that talk to one: started once for each worker, emptied for each test."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from psycopg import sql
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from native import places, processes
from native.account import private_folder, server_account
from native.answers import http_ok
from native.configuration import Configuration
from native.places import ROOT
from native.ports import LOOPBACK, free_port
from native.providers.postgres import ROLE, STOP_SIGNAL, PostgresServer
from native.providers.postgres_binaries import fill_copy, usable_tree, wheel_tree
from native.providers.redis import RedisServer, find_binary
from recsys.settings import EventWeights, GateSettings, Settings

TEMPLATE = "recstack_template"
TOGETHER = {
    "tests/e2e/": "mlflow",
    "tests/platform/test_panels": "mlflow",
    "tests/contract/test_release_registry": "mlflow",
    "tests/integration/model_trainer/": "trainer",
    "tests/integration/recsys/adapters/test_mlflow_tracking": "mlflow",
    "tests/integration/native/test_up": "native",
}
"""What shares servers that take seconds to start, and so stays in one worker."""
CONTAINERS = re.compile(r"[\[-]containers[-\]]")
"""Node ids of tests on the stack in containers."""
QUICK = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "autovacuum": "off",
}
_numbers = itertools.count(1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Tests that share slow servers stay together; every other test goes wherever there is room."""
    return _OneStack(config, log)


class _OneStack(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        if CONTAINERS.search(nodeid):
            return "containers"
        return next((group for path, group in TOGETHER.items() if nodeid.startswith(path)), nodeid)


def _wait_until(is_ready: Callable[[], bool], process: processes.Process, log: Path, patience: float = 30) -> None:
    deadline = time.monotonic() + patience
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            processes.stop(process)
            pytest.fail(f"{process.args!r} did not come up:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)


@pytest.fixture(autouse=True)
def _settings_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads this checkout's `.env` or the caller's settings."""
    for settings in (Settings, EventWeights, GateSettings, Configuration):
        monkeypatch.setitem(settings.model_config, "env_file", None)
    monkeypatch.setattr(places, "ENVIRONMENT_FILE", ROOT / "no.env")
    aliases = {field.alias for field in Configuration.model_fields.values() if field.alias}
    for name in aliases | {name for name in os.environ if name.startswith(("RECSTACK_WEIGHT_", "RECSTACK_GATE_"))}:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """PostgreSQL 18 with the role `recstack` and no database of ours."""
    account = server_account()
    folder = private_folder(account, "recstack-test-")
    tree = usable_tree(account, folder)
    if tree != wheel_tree():
        fill_copy(tree)
    server = PostgresServer(tree, folder / "data", folder, free_port(), account, QUICK)
    server.initialise()
    log = folder / "server.log"
    with log.open("wb") as output:
        process = processes.start(server.command(), output=output, account=account, stop_signal=STOP_SIGNAL)
    try:
        _wait_until(server.is_ready, process, log)
        server.ensure_role()
        yield server
    finally:
        processes.stop(process, STOP_SIGNAL)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _migrated_template(postgres_server: PostgresServer) -> str:
    from recsys.migrations import migrate

    postgres_server.ensure_database(TEMPLATE)
    migrate(postgres_server.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def database_url(postgres_server: PostgresServer, _migrated_template: str) -> Iterator[str]:
    """An empty database with every migration applied; dropped afterwards, whoever is still connected."""
    name = f"test_{next(_numbers)}"
    with postgres_server.admin() as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
        connection.execute(
            statement.format(sql.Identifier(name), sql.Identifier(_migrated_template), sql.Identifier(ROLE))
        )
    yield postgres_server.url(name)
    with postgres_server.admin() as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """A Redis that keeps nothing on disk."""
    try:
        binary = find_binary()
    except LookupError as error:
        pytest.skip(str(error))
    with tempfile.TemporaryDirectory(prefix="recstack-test-") as name:
        folder = Path(name)
        server = RedisServer(binary, folder, free_port())
        log = folder / "server.log"
        with log.open("wb") as output:
            process = processes.start(server.command(), output=output)
        try:
            _wait_until(server.is_ready, process, log)
            yield server
        finally:
            processes.stop(process)


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """An empty Redis."""
    with redis.Redis.from_url(redis_server.url()) as client:
        client.flushall()
    return redis_server.url()


@pytest.fixture(scope="session")
def mlflow_server(postgres_server: PostgresServer) -> Iterator[str]:
    with running_mlflow(postgres_server, "mlflow") as url:
        yield url


@contextmanager
def running_mlflow(postgres: PostgresServer, database: str) -> Iterator[str]:
    """A tracking server over PostgreSQL with its own artifact folder (about 12 s to start); its URL."""
    postgres.ensure_database(database)
    store = postgres.url(database).replace("postgresql:", "postgresql+psycopg:")
    with tempfile.TemporaryDirectory(prefix="recstack-test-") as name:
        folder, port = Path(name), free_port()
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "MLFLOW_BACKEND_STORE_URI": store,
            "MLFLOW_ARTIFACTS_DESTINATION": str(folder / "artifacts"),
            "MLFLOW_PORT": str(port),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }
        log = folder / "server.log"
        with log.open("wb") as output:
            process = processes.start(
                [sys.executable, "-m", "native.mlflow_server"], output=output, environment=environment, folder=folder
            )
        try:
            _wait_until(lambda: http_ok(port, "/health"), process, log, patience=120)
            yield f"http://{LOOPBACK}:{port}"
        finally:
            processes.stop(process)


@pytest.fixture
def mlflow_url(mlflow_server: str) -> str:
    """MLflow without a registered model or a run."""
    from recsys.adapters.mlflow_tracking import MlflowTracking

    client = MlflowTracking(mlflow_server).client
    for model in client.search_registered_models():
        client.delete_registered_model(model.name)
    for experiment in client.search_experiments():
        for run in client.search_runs([experiment.experiment_id]):
            client.delete_run(run.info.run_id)
    return mlflow_server
