"""One process of several that share a Redis."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from recsys.adapters.redis import RedisConnection, RedisRecommendationCache
from recsys.errors import Unavailable
from recsys.ports import CacheEntry

BODY = b'{"recommendations":[]}'


@dataclass(frozen=True, slots=True)
class Worker:
    """A process's own connection and cache."""

    connection: RedisConnection
    cache: RedisRecommendationCache

    async def keep(self, user_id: int = 1) -> None:
        version = (await self.cache.read(user_id, "key")).version
        entry = CacheEntry(BODY, version, epoch=1, expires_at=time.time() + 600)
        await self.cache.store(user_id, "key", entry)

    async def serves(self, user_id: int = 1) -> bool:
        return (await self.cache.read(user_id, "key")).entry is not None

    async def recover(self) -> None:
        """Within a few pauses."""
        deadline = time.monotonic() + 15
        while True:
            try:
                await self.cache.read(99, "key")
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.02)
            else:
                return
