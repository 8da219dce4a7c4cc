"""`RecommendationCache`: in memory and in Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from recsys.adapters.memory import MemoryRecommendationCache
from recsys.adapters.redis import RedisConnection, RedisRecommendationCache, new_generation
from recsys.ports import RecommendationCache
from recsys.testing.clock import ManualClock
from recsys.testing.contracts import RecommendationCacheContract

pytestmark = pytest.mark.anyio


class TestMemory(RecommendationCacheContract):
    @pytest.fixture
    def cache(self, clock: ManualClock) -> RecommendationCache:
        return MemoryRecommendationCache(clock)


@pytest.mark.integration
class TestRedis(RecommendationCacheContract):
    @pytest.fixture
    async def cache(self, redis_url: str, clock: ManualClock) -> AsyncIterator[RecommendationCache]:
        async with RedisConnection(redis_url, clock=clock, timeout_seconds=5, greet=new_generation) as connection:
            yield RedisRecommendationCache(connection, clock, ttl_seconds=600)
