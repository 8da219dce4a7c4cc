"""What must have been done before the API can answer, and the trainer that goes on afterwards."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

import psycopg

from native.answers import http_ok
from native.configuration import Configuration
from native.places import ROOT
from native.steps import PYTHON, Service, Task
from recsys.errors import ArtifactCorrupt, NotFound
from recsys.manifest import read_manifest

CONNECT_SECONDS = 5


def migrate(configuration: Configuration, needs: tuple[str, ...]) -> Task:
    command = (*PYTHON, "recsys.migrations")
    return Task("migrate", command, needs, environment=configuration.environment(), folder=ROOT)


def seed(configuration: Configuration, needs: tuple[str, ...]) -> Task:
    """Only into an empty database; a load is one transaction, so an interrupted one left nothing."""
    return Task(
        "seed",
        (*PYTHON, "data_generator", "seed", *shlex.split(configuration.seed_options)),
        needs,
        skip=lambda _: _known_users(configuration.database_url),
        environment=configuration.environment(),
        folder=ROOT,
    )


def train(
    configuration: Configuration, needs: tuple[str, ...], also_needs: tuple[str, ...], search: Mapping[str, str]
) -> Task:
    """Only where no release that this version can read is on disk, or the first training was interrupted. `search` is
    where Elasticsearch is, by its variable; nobody waits for it, as the API fills an index that is not there.
    """
    return Task(
        "train",
        (*PYTHON, "model_trainer", "train"),
        needs,
        also_needs,
        skip=lambda interrupted: None if interrupted else _present_release(configuration),
        environment={**configuration.environment(), **search},
        folder=ROOT,
    )


def schedule(configuration: Configuration, needs: tuple[str, ...], search: Mapping[str, str]) -> Service:
    """Trains again whenever the time has come; nobody calls it but Prometheus."""
    port = configuration.trainer_metrics_port
    return Service(
        "trainer",
        (*PYTHON, "model_trainer", "schedule", "--every", configuration.train_every),
        lambda: http_ok(port, "/metrics"),
        needs,
        environment={**configuration.environment(), **search},
        folder=ROOT,
        port=port,
        port_variable="TRAINER_METRICS_PORT",
    )


def traffic(configuration: Configuration, needs: tuple[str, ...]) -> Service:
    """Simulated users; it serves nobody, so that running is all one can ask of it."""
    return Service(
        "traffic",
        (*PYTHON, "data_generator", "simulate", "--rate", f"{configuration.traffic_rate:g}"),
        lambda: True,
        needs,
        environment=configuration.environment(),
        folder=ROOT,
    )


def _known_users(database_url: str) -> str | None:
    with psycopg.connect(database_url, connect_timeout=CONNECT_SECONDS) as connection:
        row = connection.execute("SELECT count(*) FROM users").fetchone()
    return f"{row[0]:,} users are there" if row and row[0] else None


def _present_release(configuration: Configuration) -> str | None:
    with psycopg.connect(configuration.database_url, connect_timeout=CONNECT_SECONDS) as connection:
        versions = connection.execute("SELECT version FROM releases ORDER BY created_at DESC").fetchall()
    readable = next((version for (version,) in versions if _is_readable(configuration.releases, version)), None)
    return f"release {readable} is there" if readable else None


def _is_readable(releases: Path, version: str) -> bool:
    """False for the layout of another version of the product too, which the API refuses."""
    try:
        read_manifest(releases, version)
    except (NotFound, ArtifactCorrupt):
        return False
    return True
