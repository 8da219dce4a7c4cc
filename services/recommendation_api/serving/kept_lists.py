"""Every computed list is kept for a while, written beside the answers and never in their way."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from datetime import timedelta

import structlog

from recommendation_api.background import end
from recsys.logs import masked
from recsys.ports import Clock, KeptList, RecommendationLog
from recsys.telemetry import BACKGROUND_ERRORS, LISTS_DROPPED

TASK = "kept_lists"
MAX_WAITING = 10_000
MAX_BATCH = 500
GATHER_SECONDS = 0.2
FORGET_SECONDS = 3600.0
CLOSE_SECONDS = 2.0

logger = structlog.get_logger(__name__)


class KeptLists:
    """A bounded queue before the log: what does not fit, or cannot be written, is dropped and counted."""

    def __init__(self, log: RecommendationLog, clock: Clock, retention: timedelta) -> None:
        self._log, self._clock, self._retention = log, clock, retention
        self._waiting: deque[KeptList] = deque()
        self._offered = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._write(), name=TASK), asyncio.create_task(self._forget(), name=TASK)]

    def offer(self, kept: KeptList) -> None:
        if len(self._waiting) >= MAX_WAITING:
            LISTS_DROPPED.inc()
            return
        self._waiting.append(kept)
        self._offered.set()

    async def aclose(self) -> None:
        """Stop, and write what still waits, for a moment."""
        await end(*self._tasks)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                while self._waiting:
                    await self._write_some()
        LISTS_DROPPED.inc(len(self._waiting))

    async def _write(self) -> None:
        while True:
            await self._offered.wait()
            await asyncio.sleep(GATHER_SECONDS)
            while self._waiting:
                await self._write_some()
            self._offered.clear()

    async def _write_some(self) -> None:
        lists = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
        try:
            await self._log.keep(lists)
        except Exception as error:  # noqa: BLE001 - the writer outlives whatever a list or the log does
            LISTS_DROPPED.inc(len(lists))
            BACKGROUND_ERRORS.labels(TASK).inc()
            logger.warning("computed lists are not kept", lists=len(lists), error=masked(error))

    async def _forget(self) -> None:
        while True:
            try:
                await self._log.forget_before(self._clock.now() - self._retention)
            except Exception as error:  # noqa: BLE001 - the next turn may succeed
                BACKGROUND_ERRORS.labels(TASK).inc()
                logger.warning("old lists are not forgotten", error=masked(error))
            await asyncio.sleep(FORGET_SECONDS)
