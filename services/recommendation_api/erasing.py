"""Erasing a user from every store that can be reached now, and from the others as soon as they can."""

from __future__ import annotations

import asyncio
from collections import deque

import structlog

from recommendation_api.background import Follower
from recommendation_api.forgotten import Forgotten
from recsys.domain import Erasure
from recsys.errors import Unavailable
from recsys.logs import masked
from recsys.stores import Stores
from recsys.telemetry import BACKGROUND_ERRORS, ERASURES, ERASURES_OLDEST, ERASURES_WAITING

TASK = "erasing"
REDIS = "redis"
TURN_SECONDS = 5.0
AT_ONCE = 1000
LATE_SECONDS = 3.0
"""After which no worker computes for the erased any more: what it stored before is dropped then."""
MAX_LATE = 10_000

logger = structlog.get_logger(__name__)


class Eraser:
    def __init__(self, stores: Stores, forgotten: Forgotten) -> None:
        self._stores, self._forgotten = stores, forgotten
        self._late: deque[tuple[float, int]] = deque(maxlen=MAX_LATE)
        """Users whose lists are dropped once more, and when, on the monotonic clock."""
        self._follower = Follower(self._follow, TASK)

    def start(self) -> None:
        self._follower.start()

    async def aclose(self) -> None:
        await self._follower.aclose()

    async def erase(self, user_id: int) -> Erasure:
        """The receipt; what is not done by now stays to be done. Raises `NotFound`, `Erased`, `Unavailable`: then
        nothing was erased.
        """
        erasure = await self._stores.erasures.erase(user_id)
        ERASURES.inc()
        await self._forgotten.learn(user_id)
        try:
            await self._stores.cache.invalidate([user_id])
            self._late.append((self._stores.clock.monotonic() + LATE_SECONDS, user_id))
            await self._stores.erasures.settle(REDIS, [erasure.receipt_id])
            return await self._stores.erasures.find(erasure.receipt_id) or erasure
        except Unavailable as error:
            logger.warning("an erasure is not done everywhere yet", dependency=error.dependency)
            return erasure

    async def turn(self) -> None:
        """Do what waits. Raises `Unavailable`."""
        now = self._stores.clock.monotonic()
        while self._late and self._late[0][0] <= now:
            await self._stores.cache.invalidate([self._late[0][1]])
            self._late.popleft()
        if waiting := await self._stores.erasures.waiting(REDIS, AT_ONCE):
            await self._forgotten.refresh()
            await self._stores.cache.sweep(self._forgotten.holds)
            await self._stores.erasures.settle(REDIS, waiting)

    async def tell(self) -> None:
        """Set the gauges. Raises `Unavailable`."""
        now = self._stores.clock.now()
        for store, backlog in (await self._stores.erasures.backlog()).items():
            ERASURES_WAITING.labels(store).set(backlog.count)
            age = (now - backlog.oldest).total_seconds() if backlog.oldest else 0.0
            ERASURES_OLDEST.labels(store).set(age)

    async def _follow(self) -> None:
        while True:
            for work in (self.turn, self.tell):
                try:
                    await work()
                except Exception as error:  # noqa: BLE001 - whatever it is, the next turn may succeed
                    BACKGROUND_ERRORS.labels(TASK).inc()
                    logger.warning("erasures wait", task=TASK, error=masked(error))
            await asyncio.sleep(TURN_SECONDS)
