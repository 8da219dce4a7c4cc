"""How often new items were shown, counted from the kept lists of all workers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import structlog

from recommendation_api.background import Follower
from recommendation_api.serving.catalogue_view import CatalogueMirror
from recommendation_api.serving.exploration import ENOUGH, Counted, Explorer
from recommendation_api.serving.live import LiveRelease
from recsys.errors import NotReady, Unavailable
from recsys.logs import masked
from recsys.ports import RecommendationLog
from recsys.telemetry import BACKGROUND_ERRORS, NEW_ITEMS

TASK = "impressions"
EVERY_SECONDS = 5.0
MAX_NEW = 10_000
"""Of the highest ids: after a load that replaced the catalogue everything is new."""

logger = structlog.get_logger(__name__)


class Impressions:
    """Keeps the explorer's counts up to date; while PostgreSQL is away the last ones stay."""

    def __init__(
        self,
        lists: RecommendationLog,
        live: Callable[[], LiveRelease],
        catalogue: CatalogueMirror,
        explorer: Explorer,
        *,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self._lists, self._live, self._catalogue = lists, live, catalogue
        self.explorer = explorer
        self._every_seconds = every_seconds
        self._follower = Follower(self._follow, TASK)

    def start(self) -> None:
        self._follower.start()

    async def aclose(self) -> None:
        await self._follower.aclose()

    async def count(self) -> None:
        """Raises `Unavailable`, `NotReady`."""
        before = self.explorer.counted
        new = np.setdiff1d(self._catalogue.view.item_ids, self._live().release.item_ids)[-MAX_NEW:]
        shown = await self._lists.impressions(np.setdiff1d(new, before.item_ids).tolist(), below=ENOUGH)
        if shown != before.shown or not np.array_equal(new, before.item_ids):
            self.explorer.counted = Counted(new, shown)
        never = sum(1 for times in shown.values() if not times)
        NEW_ITEMS.labels("never").set(never)
        NEW_ITEMS.labels("hardly").set(len(shown) - never)

    async def _follow(self) -> None:
        while True:
            try:
                await self.count()
            except (NotReady, Unavailable):
                pass
            except Exception as error:  # noqa: BLE001 - the next turn may succeed
                BACKGROUND_ERRORS.labels(TASK).inc()
                logger.warning("new items cannot be counted", task=TASK, error=masked(error))
            await asyncio.sleep(self._every_seconds)
