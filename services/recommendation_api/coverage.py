"""How much of the catalogue people get to see: counted from the kept lists of all workers, by one of them."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from pathlib import Path

import numpy as np
import structlog

from recommendation_api.background import Follower
from recommendation_api.catalogue import CatalogueMirror
from recommendation_api.one_worker import OneWorker
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
        self._place = OneWorker(lock)
        self._follower = Follower(self._follow, TASK)

    def start(self) -> None:
        self._follower.start()

    async def aclose(self) -> None:
        await self._follower.aclose()
        self._place.close()

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
            if self._place.is_this():
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
