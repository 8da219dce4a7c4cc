"""The whole application over a small world in memory, spoken to without a socket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from prometheus_client import REGISTRY
from starlette.types import ASGIApp

from recommendation_api.app import create_app
from recsys.adapters import memory
from recsys.algorithms.hybrid import Hybrid
from recsys.algorithms.registry import create
from recsys.domain import Algorithm
from recsys.errors import Unavailable
from recsys.release import Release, write_release
from recsys.settings import Settings
from recsys.stores import Stores
from recsys.testing.clock import ManualClock
from recsys.testing.worlds import END, SmallWorld, small_world, training_data

VERSION = "20260201-000000-aaaa"
SMALL: dict[Algorithm, dict[str, Any]] = {
    Algorithm.POPULARITY: {},
    Algorithm.ITEM_BASED: {},
    Algorithm.USER_BASED: {},
    Algorithm.ALS: {"factors": 8, "iterations": 4},
    Algorithm.SVD: {"factors": 8},
    Algorithm.CONTENT_BASED: {},
}


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
    data = training_data(world)
    models = {name: create(name, settings).fit(data) for name, settings in SMALL.items()}
    models[Algorithm.HYBRID] = Hybrid().bind(models)
    metrics = {"als": {"ndcg@10": 0.5}}
    folder = tmp_path_factory.mktemp("releases")
    write_release(folder, Release(VERSION, END, data.user_ids, data.item_ids, data.histories, models, metrics))
    return folder


@pytest.fixture
def settings(releases: Path, tmp_path: Path) -> Settings:
    return Settings(RECSTACK_STATE_DIR=tmp_path, RECSTACK_RELEASES_DIR=releases, RECSTACK_CATALOGUE_POLL_SECONDS=60)


@pytest.fixture
def database(world: SmallWorld) -> memory.MemoryDatabase:
    database = memory.MemoryDatabase(ManualClock(END))
    database.items = {item.item_id: (item, revision) for revision, item in enumerate(world.items, 1)}
    database.revision = len(world.items)
    database.categories = set(world.categories)
    database.users = {user.user_id: user for user in world.users}
    database.events = {event.event_id: event for event in world.interactions}
    return database


async def answers() -> None:
    return


async def is_away() -> None:
    raise Unavailable("nobody answers", dependency="redis", retry_after=7)


@pytest.fixture
def registry() -> memory.MemoryReleaseRegistry:
    return memory.MemoryReleaseRegistry(VERSION)


@pytest.fixture
def stores(database: memory.MemoryDatabase, registry: memory.MemoryReleaseRegistry) -> Stores:
    return Stores(
        catalog=memory.MemoryCatalog(database),
        users=memory.MemoryUsers(database),
        interactions=memory.MemoryInteractionLog(database),
        lists=memory.MemoryRecommendationLog(database),
        cache=memory.MemoryRecommendationCache(database.clock),
        registry=registry,
        deployments=memory.MemoryDeploymentLog(database),
        clock=database.clock,
        pings=dict.fromkeys(("postgres", "redis", "mlflow"), answers),
    )


@asynccontextmanager
async def lifespan_of(app: ASGIApp) -> AsyncIterator[dict[str, Any]]:
    """Start and stop `app` as a server does; yields the state that each request's scope holds."""
    state: dict[str, Any] = {}
    inbox: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    outbox: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": state}
    run: Coroutine[Any, Any, None] = app(scope, inbox.get, outbox.put)  # type: ignore[assignment]
    task = asyncio.create_task(run)

    async def step(name: str) -> None:
        await inbox.put({"type": f"lifespan.{name}"})
        message = await outbox.get()
        assert message["type"] == f"lifespan.{name}.complete", message

    await step("startup")
    yield state
    await step("shutdown")
    await task


@asynccontextmanager
async def speaking_to(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    async with lifespan_of(app) as state:

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state)}, receive, send)

        transport = httpx.ASGITransport(with_state)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            yield client


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
