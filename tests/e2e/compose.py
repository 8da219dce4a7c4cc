"""The same stack in containers, brought up by `./setup.sh --docker` in a copy of the repository, on free ports."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from native.places import ROOT, read_environment_file
from native.ports import LOOPBACK, free_port
from recsys.testing.worlds import small_world
from tests.e2e.stack import Stack, load_world, service_environment

COPIED = (
    *("setup.sh", "containers.sh", ".env.example", "docker-compose.yml", "docker-compose.old-engine.yml"),
    *(".dockerignore", "services", "sql", "requirements", "prometheus", "grafana", "notebooks"),
)
PORTS = tuple(name for name in read_environment_file(ROOT / ".env.example") if name.endswith("_PORT"))
SMALLEST = "--users 60 --items 400 --interactions 1500"
"""There for the first release; the small world replaces it."""
UP_SECONDS, COMMAND_SECONDS = 1500, 300
SWAP_SECONDS = 60
IN_TRAINER = ("exec", "-T", "model-trainer", "python")
ENGINE_SECONDS = 20
CAN_BE_LEFT_OUT = {"grafana", "prometheus", "elasticsearch", "postgres-exporter", "redis-exporter"}


@dataclass(frozen=True, slots=True)
class Containers:
    """One compose project."""

    folder: Path
    environment: dict[str, str]

    def attempt(self, *command: str, seconds: float = COMMAND_SECONDS) -> subprocess.CompletedProcess[str]:
        """What came of `command`, whatever its status."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def run(self, *command: str, seconds: float = COMMAND_SECONDS) -> str:
        """What `command` prints. Fails the test with its last words where it fails."""
        done = self.attempt(*command, seconds=seconds)
        assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr[-4000:]}"
        return done.stdout

    def compose(self, *arguments: str) -> str:
        return self.run("docker", "compose", *arguments)

    def port(self, name: str) -> int:
        return int(self.environment[name])


@dataclass(frozen=True, slots=True)
class ComposeStack(Stack):
    containers: Containers

    def train(self) -> None:
        self.containers.compose(*IN_TRAINER, "-m", "model_trainer", "train")

    def try_to_train(self) -> subprocess.CompletedProcess[str]:
        return self.containers.attempt("docker", "compose", *IN_TRAINER, "-m", "model_trainer", "train")

    @property
    def releases(self) -> str:
        return "/releases"

    def in_trainer(self, script: str, *arguments: str) -> str:
        return self.containers.compose(*IN_TRAINER, "-c", script, *arguments)

    def logs(self) -> str:
        return self.containers.compose("logs", "--no-color")


def absent_engine() -> str:
    """Why no container can run here; empty where one can."""
    for command in (["docker", "compose", "version"], ["docker", "info"]):
        try:
            done = subprocess.run(command, capture_output=True, timeout=ENGINE_SECONDS, check=False)
        except OSError:
            return "docker is not installed"
        if done.returncode != 0:
            return f"`{' '.join(command)}` does not answer"
    return ""


def stand_ins() -> list[str]:
    """Build the images that `RECSTACK_STAND_INS` has under the names of the compose file; the pins that it lacks.

    Its `stand-ins.sh` starts an engine (`engine`) and builds an image (`image KIND NAME:TAG`).
    """
    script = Path(os.environ["RECSTACK_STAND_INS"]) / "stand-ins.sh"
    pins: dict[str, str] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["x-images"]
    if absent_engine():
        subprocess.run(["bash", str(script), "engine"], check=False, timeout=UP_SECONDS, capture_output=True)
    commands = {kind: ["bash", str(script), "image", kind, pin] for kind, pin in pins.items()}
    return [
        kind
        for kind, command in commands.items()
        if subprocess.run(command, check=False, timeout=UP_SECONDS, capture_output=True).returncode != 0
    ]


def copy_of_the_repository(folder: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / name)


def own_environment() -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RECSTACK_", "API_", "COMPOSE_", "MLFLOW_"))
    }
    return (
        inherited
        | {name: str(free_port()) for name in PORTS}
        | {
            "COMPOSE_PROJECT_NAME": f"recstack-test-{secrets.token_hex(3)}",
            "RECSTACK_SEED_OPTIONS": SMALLEST,
            "RECSTACK_GATE_MAX_DROP": "1",
            "RECSTACK_GATE_MAX_DRIFT": "100",
        }
    )


@contextmanager
def running_containers(folder: Path) -> Iterator[ComposeStack]:
    """The compose stack on the small world; gone with its volumes afterwards."""
    lacking = stand_ins() if os.environ.get("RECSTACK_STAND_INS") else []
    if reason := absent_engine():
        pytest.skip(f"no containers: {reason}")
    if needed := sorted(set(lacking) - CAN_BE_LEFT_OUT):
        pytest.skip(f"no containers: RECSTACK_STAND_INS could not build {', '.join(needed)}")
    left_out = [flag for name in lacking for flag in ("--without", name)]
    copy_of_the_repository(folder)
    containers = Containers(folder, own_environment())
    try:
        sys.stdout.write(containers.run("./setup.sh", "--docker", *left_out, seconds=UP_SECONDS))
        stack = _stack(containers)
        load_world(stack.database_url, small_world(), replace=True)
        _train_and_wait(stack)
        yield stack
    finally:
        containers.run("./setup.sh", "reset", "--docker", "--yes")


def _stack(containers: Containers) -> ComposeStack:
    generated = read_environment_file(containers.folder / ".env")
    database_url = (
        f"postgresql://recstack:{generated['POSTGRES_PASSWORD']}@{LOOPBACK}:{containers.port('POSTGRES_PORT')}/recstack"
    )
    redis_url = f"redis://{LOOPBACK}:{containers.port('REDIS_PORT')}/0"
    mlflow_url = f"http://{LOOPBACK}:{containers.port('MLFLOW_PORT')}"
    environment = service_environment(containers.folder / ".recstack", database_url, redis_url, mlflow_url)
    environment |= {
        "API_PORT": containers.environment["API_PORT"],
        "RECSTACK_ADMIN_KEY": generated["RECSTACK_ADMIN_KEY"],
        "RECSTACK_ERASURE_KEY": generated["RECSTACK_ERASURE_KEY"],
    }
    url = f"http://{LOOPBACK}:{containers.port('API_PORT')}"
    return ComposeStack(url, database_url, redis_url, environment, containers)


def _train_and_wait(stack: ComposeStack) -> None:
    """The release of the world before is answered from until the new one is live."""

    def release() -> object:
        return httpx.get(f"{stack.url}/health", timeout=10).json()["release"]

    before = release()
    stack.train()
    deadline = time.monotonic() + SWAP_SECONDS
    while release() == before:
        assert time.monotonic() < deadline, "the new release is not live"
        time.sleep(0.5)
