"""How much of the catalogue people get to see: counted from the kept lists of all workers, by one of them."""

from __future__ import annotations

import asyncio
import fcntl
import math
from datetime import timedelta
from io import BufferedWriter
from pathlib import Path

import numpy as np
import structlog

from recommendation_api.background import Follower
from recommendation_api.catalogue import CatalogueMirror
from recommendation_api.serving.filters import available
from recsys.errors import Unavailable
from recsys.logs import masked
from recsys.ports import Clock, RecommendationLog
from recsys.telemetry import BACKGROUND_ERRORS, SHOWN_COVERAGE

TASK = "coverage"
EVERY_SECONDS = 60.0
WINDOW = timedelta(hours=1)
MAX_LISTS = 20_000
"""What is counted stays within the database's deadline however many lists there are."""

logger = structlog.get_logger(__name__)


class Coverage:
    """The worker that holds the lock file measures; when it goes, another takes its place."""

    def __init__(
        self, lists: RecommendationLog, catalogue: CatalogueMirror, clock: Clock, *, lock: Path | None = None
    ) -> None:
        """`lock` is None for the only worker."""
        self._lists, self._catalogue, self._clock = lists, catalogue, clock
        self._lock: BufferedWriter | None = lock.open("wb") if lock else None
        self._is_mine = lock is None
        self._follower = Follower(self._follow, TASK)

    def start(self) -> None:
        self._follower.start()

    async def aclose(self) -> None:
        await self._follower.aclose()
        if self._lock:
            self._lock.close()

    async def measure(self) -> float:
        """Share of the items on offer that stand in the window's lists; NaN while there are no items. Raises
        `Unavailable`.
        """
        now = self._clock.now()
        on_offer = np.count_nonzero(available(self._catalogue.view, now.timestamp()))
        if not on_offer:
            return math.nan
        return min(1.0, await self._lists.count_shown(now - WINDOW, now, lists=MAX_LISTS) / on_offer)

    async def _follow(self) -> None:
        while True:
            self._is_mine = self._is_mine or self._take()
            if self._is_mine:
                await self._try()
            await asyncio.sleep(EVERY_SECONDS)

    async def _try(self) -> None:
        """What is not known is NaN: no figure, and no alarm."""
        coverage = math.nan
        try:
            coverage = await self.measure()
        except Unavailable as error:
            logger.debug("coverage is not known", dependency=error.dependency)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next turn may succeed
            BACKGROUND_ERRORS.labels(TASK).inc()
            logger.warning("coverage is not known", task=TASK, error=masked(error))
        SHOWN_COVERAGE.set(coverage)

    def _take(self) -> bool:
        if self._lock is None:
            return True
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
