"""The small world in a real PostgreSQL, a real Redis, and a registry that is away: the last deployed release serves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from psycopg import connect

from native.ports import LOOPBACK, free_port
from recsys.domain import Deployment
from recsys.release import write_release
from recsys.settings import Settings
from recsys.stores import open_stores
from recsys.testing.releases import VERSION, small_release
from recsys.testing.worlds import END, SmallWorld, small_world, training_data


@pytest.fixture(scope="session")
def world() -> SmallWorld:
    return small_world()


@pytest.fixture(scope="session")
def releases(world: SmallWorld, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("releases")
    write_release(folder, small_release(training_data(world)))
    return folder


@pytest.fixture
def variables(database_url: str, redis_url: str, releases: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a service over these servers."""
    return {
        "RECSTACK_DATABASE_URL": database_url,
        "RECSTACK_REDIS_URL": redis_url,
        "RECSTACK_MLFLOW_URL": f"http://{LOOPBACK}:{free_port()}",
        "RECSTACK_STATE_DIR": str(tmp_path),
        "RECSTACK_RELEASES_DIR": str(releases),
    }


@pytest.fixture
def settings(variables: dict[str, str], world: SmallWorld) -> Settings:
    """Of a service whose database holds the world and says which release was live last."""
    settings = Settings.model_validate(variables)
    asyncio.run(_load(settings, world))
    return settings


async def _load(settings: Settings, world: SmallWorld) -> None:
    async with open_stores(settings) as stores:
        for item in world.items:
            await stores.catalog.put(item)
        for user in world.users:
            assert (await stores.users.create(user)).user_id == user.user_id
        await stores.interactions.record(world.interactions)
        with connect(settings.database_url) as connection:
            connection.execute(
                "INSERT INTO releases (version, manifest_sha256) VALUES (%s, repeat('0', 64))", [VERSION]
            )
        await stores.deployments.append(Deployment(VERSION, "publish", END, "the world's release"))
