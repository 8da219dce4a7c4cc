"""The whole stack on the small world: PostgreSQL, Redis and MLflow as servers, a training, the API as a process."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from data_generator.loading import bulk_load, copy_rows
from native import processes
from native.answers import http_ok
from native.places import ROOT
from native.ports import LOOPBACK, free_port
from recsys.testing.worlds import SmallWorld

START_SECONDS = 90
TRAIN_SECONDS = 300
FLIP = """
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(-1, 2)
    last = file.read(1)[0]
    file.seek(-1, 2)
    file.write(bytes([last ^ 1]))
"""


@dataclass(frozen=True, slots=True)
class Stack:
    url: str
    database_url: str
    redis_url: str
    environment: dict[str, str]

    @property
    def admin(self) -> dict[str, str]:
        """The header of who may change what is live."""
        return {"X-API-Key": self.environment["RECSTACK_ADMIN_KEY"]}

    def train(self) -> None:
        """Publish a release, as the command does."""
        run(["model_trainer", "train"], self.environment)

    def try_to_train(self) -> subprocess.CompletedProcess[str]:
        """What came of `train`, whatever its status."""
        return attempt(["model_trainer", "train"], self.environment)

    @property
    def releases(self) -> str:
        """The folder of releases, as `in_trainer` sees it."""
        return str(Path(self.environment["RECSTACK_STATE_DIR"]) / "releases")

    def in_trainer(self, script: str, *arguments: str) -> str:
        """What a Python script prints that runs where the trainer does."""
        command = [sys.executable, "-c", script, *arguments]
        return subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stdout

    def logs(self) -> str:
        """All that the services have said so far."""
        return "".join(path.read_text() for path in Path(self.environment["RECSTACK_STATE_DIR"]).glob("*.log"))

    def flip_a_bit(self, version: str, file: str) -> None:
        """Damage a file of a release, or mend what was damaged so."""
        self.in_trainer(FLIP, f"{self.releases}/{version}/{file}")


def run(module: list[str], environment: dict[str, str]) -> None:
    done = attempt(module, environment)
    assert done.returncode == 0, f"{module} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def attempt(module: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *module],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TRAIN_SECONDS,
        check=False,
    )


def service_environment(state: Path, database_url: str, redis_url: str, mlflow_url: str) -> dict[str, str]:
    """What each process is told; variables of the caller's own installation are left out."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RECSTACK_", "API_", "MLFLOW_", "PYTHONPATH"))
    }
    return inherited | {
        "PYTHONPATH": f"{ROOT / 'services'}{os.pathsep}{ROOT}",
        "RECSTACK_DATABASE_URL": database_url,
        "RECSTACK_REDIS_URL": redis_url,
        "RECSTACK_MLFLOW_URL": mlflow_url,
        "RECSTACK_STATE_DIR": str(state),
        "API_PORT": str(free_port()),
        "RECSTACK_ADMIN_KEY": secrets.token_urlsafe(16),
        "RECSTACK_ERASURE_KEY": secrets.token_urlsafe(16),
        "API_WORKERS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "NO_PROXY": LOOPBACK,
        "no_proxy": LOOPBACK,
    }


@contextmanager
def running_api(environment: dict[str, str], log: Path) -> Iterator[str]:
    """The API's address, once it is ready; its log when it does not get there."""
    port = int(environment["API_PORT"])
    command = [sys.executable, "-m", "recommendation_api"]
    with log.open("wb") as output:
        process = processes.start(command, output=output, environment=environment, folder=ROOT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not http_ok(port, "/ready"):
            assert process.poll() is None, f"the API ended:\n{log.read_text()[-4000:]}"
            assert time.monotonic() < deadline, f"the API is not ready:\n{log.read_text()[-4000:]}"
            time.sleep(0.1)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        processes.stop(process, patience=20)


def load_world(database_url: str, world: SmallWorld, *, replace: bool = False) -> None:
    """Fill a migrated database, empty unless `replace`; ids stay those of the world."""
    category_ids = {name: number for number, name in enumerate(world.categories, 1)}
    with bulk_load(database_url, replace=replace) as connection:
        copy_rows(connection, "categories", ("category_id", "name"), ((n, name) for name, n in category_ids.items()))
        copy_rows(
            connection,
            "users",
            ("user_id", "age", "gender", "country", "signed_up_at"),
            (
                (user.user_id, user.age, user.gender and user.gender.value, user.country, user.signed_up_at)
                for user in world.users
            ),
        )
        copy_rows(
            connection,
            "user_preferences",
            ("user_id", "category_id", "preference"),
            (
                (user.user_id, category_ids[name], liking)
                for user in world.users
                for name, liking in user.preferences.items()
            ),
        )
        copy_rows(
            connection,
            "items",
            (
                *("item_id", "title", "description", "category_id", "tags", "brand", "price", "quality"),
                "published_at",
            ),
            (
                (
                    *(item.item_id, item.title, item.description, category_ids[item.category or ""]),
                    *(list(item.tags), item.brand, item.price, item.quality, item.published_at),
                )
                for item in world.items
            ),
        )
        copy_rows(
            connection,
            "interactions",
            ("event_id", "user_id", "item_id", "type", "value", "occurred_at"),
            (
                (event.event_id, event.user_id, event.item_id, event.type.value, event.value, event.occurred_at)
                for event in world.interactions
            ),
        )
