"""Lists from before an event are dropped; where the cache cannot be reached, PostgreSQL tells all workers."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import structlog

from recommendation_api.background import Follower
from recommendation_api.catalogue import CatalogueMirror
from recsys.errors import Unavailable
from recsys.logs import masked
from recsys.stores import Stores
from recsys.telemetry import BACKGROUND_ERRORS, CACHE_WRITES

TASK = "invalidation"
PAUSE_SECONDS = 1.0
"""Between two moves of the catalogue's revision, however many events miss the cache meanwhile."""

logger = structlog.get_logger(__name__)


class Invalidation:
    """A worker that is cut off from the cache cannot drop a list that the others go on serving. The catalogue's
    revision is part of what makes a cached list valid and every worker follows it, so moving it drops all of them.
    """

    def __init__(self, stores: Stores, mirror: CatalogueMirror, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._cache, self._catalog, self._mirror = stores.cache, stores.catalog, mirror
        self._pause_seconds = pause_seconds
        self._missed = asyncio.Event()
        self._follower = Follower(self._follow, TASK)

    def start(self) -> None:
        self._follower.start()

    async def aclose(self) -> None:
        await self._follower.aclose()
        if self._missed.is_set():
            await self._move()

    async def drop(self, user_ids: Collection[int]) -> None:
        """Drop the lists of these users, here and now if the cache can be reached, else in a moment those of all."""
        try:
            await self._cache.invalidate(sorted(user_ids))
        except Unavailable:
            CACHE_WRITES.labels("missed").inc(len(user_ids))
            logger.warning("lists cannot be dropped from the cache: all of them will count as old", task=TASK)
            self._missed.set()

    async def _follow(self) -> None:
        while True:
            await self._missed.wait()
            await self._move()
            await asyncio.sleep(self._pause_seconds)

    async def _move(self) -> None:
        """What fails stays to be done."""
        self._missed.clear()
        moved = False
        try:
            await self._catalog.touch()
            moved = True
        except Exception as error:  # noqa: BLE001 - whatever it is, the next turn may succeed
            BACKGROUND_ERRORS.labels(TASK).inc()
            logger.warning("the catalogue's revision cannot be moved", task=TASK, error=masked(error))
        finally:
            if not moved:
                self._missed.set()
        if moved:
            await self._mirror.announce()
