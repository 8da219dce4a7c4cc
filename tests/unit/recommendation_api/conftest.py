"""The whole application over a small world in memory, spoken to without a socket."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from prometheus_client import REGISTRY

from recommendation_api.app import create_app
from recsys.adapters import memory
from recsys.errors import Unavailable
from recsys.release import write_release
from recsys.settings import Settings
from recsys.stores import Stores
from recsys.testing.asgi import speaking_to
from recsys.testing.clock import ManualClock
from recsys.testing.memory_world import memory_database, memory_stores
from recsys.testing.releases import VERSION, small_release
from recsys.testing.worlds import END, SmallWorld, small_world, training_data


@pytest.fixture(scope="session", autouse=True)
def _silence() -> None:
    """A service that nobody configured would draw every traceback on the terminal, seconds for each."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@pytest.fixture(scope="session")
def world() -> SmallWorld:
    return small_world()


@pytest.fixture(scope="session")
def releases(world: SmallWorld, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one release in it."""
    folder = tmp_path_factory.mktemp("releases")
    write_release(folder, small_release(training_data(world)))
    return folder


@pytest.fixture
def settings(releases: Path, tmp_path: Path) -> Settings:
    return Settings(RECSTACK_STATE_DIR=tmp_path, RECSTACK_RELEASES_DIR=releases, RECSTACK_CATALOGUE_POLL_SECONDS=60)


@pytest.fixture
def database(world: SmallWorld) -> memory.MemoryDatabase:
    return memory_database(world, ManualClock(END))


@pytest.fixture
def stores(database: memory.MemoryDatabase) -> Stores:
    return memory_stores(database, VERSION)


async def answers() -> None:
    return


async def is_away() -> None:
    raise Unavailable("nobody answers", dependency="redis", retry_after=7)


@dataclass(slots=True)
class Api:
    """The running application, and the world behind it at hand."""

    client: httpx.AsyncClient
    stores: Stores
    database: memory.MemoryDatabase

    async def recommended(self, user_id: int, n: int = 10, **more: Any) -> list[int]:
        answer = await self.client.post("/recommendations", json={"user_id": user_id, "num_recommendations": n, **more})
        assert answer.status_code == httpx.codes.OK, answer.text
        return [entry["item_id"] for entry in answer.json()["recommendations"]]


Start = Callable[..., Awaitable[Api]]


@pytest.fixture
async def start(settings: Settings, stores: Stores, database: memory.MemoryDatabase) -> AsyncIterator[Start]:
    """Starts the application, with other settings or with some of its stores replaced, and stops it after the test."""
    running = []

    async def start_one(changed: Settings = settings, **replaced: Any) -> Api:
        mine = replace(stores, **replaced)

        @asynccontextmanager
        async def open_stores(_: Settings) -> AsyncIterator[Stores]:
            yield mine

        context = speaking_to(create_app(changed, open_stores))
        client = await context.__aenter__()
        running.append(context)
        return Api(client, mine, database)

    yield start_one
    for context in running:
        await context.__aexit__(None, None, None)


@pytest.fixture
async def api(start: Start) -> Api:
    return await start()


def sample(name: str, **labels: str) -> float:
    """A counter's value so far."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def is_problem(answer: httpx.Response, status: int, *fields: str) -> dict[str, Any]:
    """Assert that `answer` is a problem document that names exactly these fields, and give it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= problem.keys()
    assert problem["status"] == status
    assert {each["field"] for each in problem.get("errors", [])} == set(fields), problem
    return problem
