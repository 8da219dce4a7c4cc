from __future__ import annotations

import pytest

from recsys.adapters.postgres import PostgresCatalog
from recsys.adapters.redis import RedisRecommendationCache
from recsys.domain import Item
from recsys.errors import Unavailable
from recsys.settings import Settings
from recsys.stores import open_stores

pytestmark = [pytest.mark.anyio, pytest.mark.integration]


async def test_each_url_opens_its_system(database_url: str, redis_url: str) -> None:
    settings = Settings.model_validate(
        {
            "RECSTACK_DATABASE_URL": database_url,
            "RECSTACK_REDIS_URL": redis_url,
            "RECSTACK_MLFLOW_URL": "memory://",
            "RECSTACK_DEPENDENCY_TIMEOUT_SECONDS": 10,
        }
    )
    async with open_stores(settings) as stores:
        assert isinstance(stores.catalog, PostgresCatalog)
        assert isinstance(stores.cache, RedisRecommendationCache)
        for ping in stores.pings.values():
            await ping()
        assert await stores.catalog.put(Item(1, "Dune"))
        assert (await stores.cache.read(1, "key")).version


async def test_nothing_need_answer_when_the_stores_are_opened(free_tcp_port: int) -> None:
    address = f"127.0.0.1:{free_tcp_port}"
    settings = Settings.model_validate(
        {
            "RECSTACK_DATABASE_URL": f"postgresql://recstack@{address}/recstack",
            "RECSTACK_REDIS_URL": f"redis://{address}/0",
            "RECSTACK_MLFLOW_URL": f"http://{address}",
            "RECSTACK_DEPENDENCY_TIMEOUT_SECONDS": 0.5,
        }
    )
    async with open_stores(settings) as stores:
        for dependency, ping in stores.pings.items():
            with pytest.raises(Unavailable) as caught:
                await ping()
            assert caught.value.dependency == dependency
