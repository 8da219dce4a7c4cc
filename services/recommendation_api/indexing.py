"""Keeps Elasticsearch level with the catalogue: an item at once, the rest by revision, everything for a new release."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

from recommendation_api.background import Follower
from recommendation_api.one_worker import OneWorker
from recommendation_api.serving.catalogue_view import CatalogueMirror
from recsys.adapters.elasticsearch import ElasticsearchIndex, IndexState
from recsys.content_index import Entry
from recsys.content_vectors import ContentVectors
from recsys.domain import Item
from recsys.errors import Unavailable
from recsys.indexing import catch_up, rebuild
from recsys.logs import masked
from recsys.ports import Catalog, Clock
from recsys.release import Release
from recsys.telemetry import BACKGROUND_ERRORS, INDEXED_ITEMS

TASK = "indexing"
EVERY_SECONDS = 5.0
PATIENCE_SECONDS = 600.0
"""A training indexes the release that it published; only where none came to do it, the API does."""
INDEXED, MISSED = (INDEXED_ITEMS.labels(outcome) for outcome in ("indexed", "missed"))

logger = structlog.get_logger(__name__)


class Indexing:
    """Each worker indexes what it writes; the one that holds the lock file sees to the rest."""

    def __init__(
        self,
        index: ElasticsearchIndex,
        catalog: Catalog,
        mirror: CatalogueMirror,
        clock: Clock,
        release: Callable[[], Release | None],
        *,
        lock: Path | None = None,
        every_seconds: float = EVERY_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """`lock` is None for the only worker."""
        self._index, self._catalog, self._mirror = index, catalog, mirror
        self._clock, self._release = clock, release
        self._every, self._patience = every_seconds, patience_seconds
        self._place = OneWorker(lock)
        self._follower = Follower(self._follow, TASK)
        self._hurry = asyncio.Event()
        self._missed: int | None = None
        self._differs_since: float | None = None
        self._failing = False

    def start(self) -> None:
        self._follower.start()

    async def aclose(self) -> None:
        await self._follower.aclose()
        self._place.close()

    @property
    def is_behind(self) -> bool:
        """Whether a write may not be in the index yet."""
        return self._missed is not None

    def distrust(self) -> None:
        """Elasticsearch failed an asker: what others wrote meanwhile may be missing until everything is caught up."""
        self._fall_behind(self._mirror.view.revision)

    async def put(self, item: Item) -> None:
        """Have `item`, which the mirror has read, found from now on. What cannot be indexed is caught up later."""
        revision, vectors = self._mirror.view.revision, self._vectors()
        try:
            if vectors:
                (entries,) = await asyncio.to_thread(list, vectors.entries([item], revision))
            else:
                entries = [Entry(item, revision)]
            await self._index.put(entries, vectors.version if vectors else None)
            INDEXED.inc()
        except Unavailable:
            MISSED.inc()
            self._fall_behind(revision)

    def _fall_behind(self, revision: int) -> None:
        self._missed = revision
        self._hurry.set()

    async def _follow(self) -> None:
        while True:
            await self._try()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._hurry.wait()
            self._hurry.clear()

    async def _try(self) -> None:
        """Never raises: the next turn may succeed."""
        try:
            await self._turn()
            self._failing = False
        except Unavailable as error:
            if not self._failing:
                logger.info("the search index is left to a later turn", dependency=error.dependency)
            self._failing = True
        except Exception as error:  # noqa: BLE001 - whatever it is, the next turn may succeed
            BACKGROUND_ERRORS.labels(TASK).inc()
            logger.warning("the search index cannot be kept level", task=TASK, error=masked(error))

    async def _turn(self) -> None:
        state = await self._index.state()
        if self._place.is_this() and self._release():
            state = await self._level(state)
        if state and self._missed is not None and state.revision >= self._missed:
            self._missed = None

    async def _level(self, state: IndexState | None) -> IndexState:
        vectors = self._vectors()
        if state and not self._is_foreign(state, vectors.version if vectors else None):
            caught_up = await catch_up(self._catalog, self._index, state, vectors)
            if caught_up:
                return caught_up
        logger.info("the search index is built anew", release=vectors.version if vectors else None)
        return await rebuild(self._catalog, self._index, vectors)

    def _is_foreign(self, state: IndexState, release: str | None) -> bool:
        """Whether its vectors have been another release's for too long."""
        if state.release == release:
            self._differs_since = None
            return False
        now = self._clock.monotonic()
        self._differs_since = now if self._differs_since is None else self._differs_since
        return now - self._differs_since >= self._patience

    def _vectors(self) -> ContentVectors | None:
        release = self._release()
        return ContentVectors.of(release) if release else None
