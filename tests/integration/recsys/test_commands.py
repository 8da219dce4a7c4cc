"""Every command of the product, started with a URL that it cannot use."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from native.places import ROOT

pytestmark = pytest.mark.integration

COMMANDS = {
    "api": ("recommendation_api",),
    "trainer": ("model_trainer", "train"),
    "schedule": ("model_trainer", "schedule"),
    "seed": ("data_generator", "seed", "--users", "10", "--interactions", "50"),
    "migrations": ("recsys.migrations",),
}


def _refused(command: str, variable: str, url: str) -> str:
    """What it said."""
    ended = subprocess.run(
        [sys.executable, "-m", *COMMANDS[command]],
        env={**os.environ, "PYTHONPATH": str(ROOT / "services"), variable: url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2, ended.stderr
    assert "hunter2" not in ended.stdout + ended.stderr
    return ended.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_scheme_is_one_sentence(command: str) -> None:
    said = _refused(command, "RECSTACK_DATABASE_URL", "mysql://me:hunter2@db/x")
    assert said.startswith("RECSTACK_DATABASE_URL: It begins with mysql://")
    assert said.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_a_url_that_cannot_be_read_is_one_sentence(command: str) -> None:
    said = _refused(command, "RECSTACK_DATABASE_URL", "postgresql://me:hunter2@db/x?hunter2=1")
    assert said.startswith("RECSTACK_DATABASE_URL: It is not a postgresql:// URL that can be used.")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("RECSTACK_REDIS_URL", "http://:hunter2@cache"),
        ("RECSTACK_REDIS_URL", "redis://:hunter2@cache:port"),
        ("RECSTACK_REDIS_URL", "redis://:hunter2@cache/0?socket_timeout=soon"),
        ("RECSTACK_MLFLOW_URL", "file:///hunter2"),
        ("RECSTACK_MLFLOW_URL", "http://me:hunter2@mlflow:port"),
    ],
)
def test_the_api_names_whichever_url_it_cannot_use(variable: str, url: str) -> None:
    said = _refused("api", variable, url)
    assert said.startswith(variable)
    assert said.count("\n") == 1
