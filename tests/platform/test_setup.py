"""`setup.sh` before it starts anything: `.env`, and what it says of one that is wrong."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from native.places import ROOT, read_environment_file

SECRETS = ("RECSTACK_ADMIN_KEY", "RECSTACK_ERASURE_KEY", "POSTGRES_PASSWORD")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("setup.sh", "containers.sh", ".env.example", "docker-compose.yml"):
        shutil.copy2(ROOT / name, tmp_path)
    return tmp_path


def _setup(folder: Path, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.endswith(("_PORT", "_PASSWORD"))}
    if path is not None:
        environment["PATH"] = path
    return subprocess.run(
        ["/bin/sh", str(folder / "setup.sh"), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_file_is_made_once_private_with_random_secrets(folder: Path) -> None:
    made = folder / ".env"
    assert _setup(folder, "env").returncode == 0
    first = made.read_text("utf-8")
    assert made.stat().st_mode & 0o777 == 0o600
    assert _setup(folder, "env").returncode == 0
    assert made.read_text("utf-8") == first
    values = read_environment_file(made)
    assert all(re.fullmatch(r"[0-9a-f]{48}", values[name]) for name in SECRETS)
    made.unlink()
    _setup(folder, "env")
    assert all(read_environment_file(made)[name] != values[name] for name in SECRETS)


def test_everything_else_is_as_in_the_example(folder: Path) -> None:
    _setup(folder, "env")
    made, example = (read_environment_file(folder / name) for name in (".env", ".env.example"))
    assert list(made) == list(example)
    assert {name for name in made if made[name] != example[name]} <= {*SECRETS, "JUPYTER_UID"}


def test_an_older_file_is_given_the_secrets_that_it_lacks_and_keeps_its_own(folder: Path) -> None:
    (folder / ".env").write_text("API_PORT=8001\nRECSTACK_ADMIN_KEY=mine\n")
    assert _setup(folder, "env").returncode == 0
    values = read_environment_file(folder / ".env")
    assert (values["API_PORT"], values["RECSTACK_ADMIN_KEY"]) == ("8001", "mine")
    assert len(values["POSTGRES_PASSWORD"]) == 48


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("POSTGRES_PASSWORD=", "POSTGRES_PASSWORD is missing in .env"),
        ("POSTGRES_PASSWORD=p@ss/word", "POSTGRES_PASSWORD in .env has a character"),
        ("API_PORT=eighty", "API_PORT=eighty in .env is no port"),
        ("API_PORT=0", "API_PORT=0 in .env is no port"),
        ("API_PORT=65536", "API_PORT=65536 in .env is no port"),
        ("API_PORT=5432", "Two services want port 5432"),
        ("this is no setting", "is no NAME=value"),
    ],
)
def test_a_value_that_cannot_be_is_one_sentence_and_nothing_is_started(folder: Path, line: str, sentence: str) -> None:
    _setup(folder, "env")
    with (folder / ".env").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    refused = _setup(folder, "--docker")
    assert refused.returncode == 1
    assert sentence in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert refused.stdout == ""


def test_without_docker_the_way_without_it_is_named(folder: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "sed", "tail", "tr", "grep", "cat", "printenv", "id", "od", "mv", "dirname", "umask"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    refused = _setup(folder, "--docker", path=str(tools))
    assert refused.returncode == 1
    assert "Docker Compose is missing" in refused.stderr
    assert "./setup.sh --native" in refused.stderr


def test_an_engine_that_does_not_answer_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not shutil.which("docker"):
        pytest.skip("docker is not installed here")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    refused = _setup(folder, "--docker")
    assert refused.returncode == 1
    assert "The Docker engine does not answer" in refused.stderr


def test_a_folder_without_permission_is_a_sentence(folder: Path) -> None:
    (folder / ".env.example").unlink()
    refused = _setup(folder, "env")
    assert refused.returncode == 1
    assert "Cannot write .env" in refused.stderr
