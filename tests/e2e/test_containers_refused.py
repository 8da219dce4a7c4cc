"""A start in containers that cannot be: one sentence that says what to do, and nothing left behind."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from native.ports import LOOPBACK
from tests.e2e.compose import Containers, copy_of_the_repository, own_environment
from tests.e2e.stack import Stack
from tests.e2e.test_containers import absent_services, containers_of

OLDER = "echo 16 > /volume/18/docker/PG_VERSION"


@pytest.fixture
def other(stack: Stack, tmp_path: Path) -> Iterator[Containers]:
    """A second checkout beside the stack; its images are there already."""
    without = absent_services(stack)
    copy_of_the_repository(tmp_path)
    made = Containers(tmp_path, own_environment() | {"WITHOUT": " ".join(f"--without {name}" for name in without)})
    made.run("./setup.sh", "env")
    made.run("sh", "containers.sh", "choose_files")
    yield made
    made.run("./setup.sh", "reset", "--docker", "--yes")


def _refused(containers: Containers) -> str:
    """The sentence of a start that fails; asserts that no container is left."""
    done = containers.attempt("./setup.sh", "--docker", *containers.environment["WITHOUT"].split())
    assert done.returncode == 1, done.stdout
    assert containers.compose("ps", "--all", "--quiet") == ""
    sentence: str = done.stderr.strip().splitlines()[-1]
    return sentence


def test_a_taken_port_is_named_with_the_variable_that_moves_it(other: Containers) -> None:
    with socket.create_server((LOOPBACK, other.port("REDIS_PORT"))):
        sentence = _refused(other)
    assert f"Port {other.port('REDIS_PORT')} is taken" in sentence
    assert "REDIS_PORT in .env" in sentence


def test_a_volume_of_an_older_postgres_is_said(other: Containers) -> None:
    other.compose("up", "--detach", "--wait", "postgres")
    other.compose("down")
    volume = f"{other.environment['COMPOSE_PROJECT_NAME']}_postgres-data:/volume"
    image = other.compose("config", "--images", "postgres").split()[0]
    other.run("docker", "run", "--rm", "--volume", volume, "--entrypoint", "sh", image, "-c", OLDER)
    assert "comes from another major version of PostgreSQL" in _refused(other)


def test_a_password_that_is_not_the_volumes_is_said(other: Containers) -> None:
    other.compose("up", "--detach", "--wait", "postgres")
    other.compose("down")
    env = other.folder / ".env"
    env.write_text(env.read_text("utf-8") + "\nPOSTGRES_PASSWORD=another\n", "utf-8")
    assert "POSTGRES_PASSWORD in .env is not the one" in _refused(other)


def test_containers_of_another_checkout_are_left_alone(stack: Stack, other: Containers) -> None:
    theirs = containers_of(stack).environment["COMPOSE_PROJECT_NAME"]
    other.environment["COMPOSE_PROJECT_NAME"], ours = theirs, other.environment["COMPOSE_PROJECT_NAME"]
    try:
        done = other.attempt("./setup.sh", "--docker")
    finally:
        other.environment["COMPOSE_PROJECT_NAME"] = ours
    assert done.returncode == 1
    assert f"bear the name {theirs}" in done.stderr
