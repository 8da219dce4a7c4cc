"""The catalogue that every worker holds in memory, and how it follows PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from recommendation_api.catalogue_arrays import CatalogueArrays
from recommendation_api.following import Following, RevisionHint
from recsys.errors import Unavailable
from recsys.ports import Catalog, Rules
from recsys.release import Release
from recsys.telemetry import RULES

TASK = "catalogue"

logger = structlog.get_logger(__name__)


class CatalogueMirror:
    """`view` is the newest state, replaced whole: read it once for each answer. Its revision is the cache's epoch."""

    def __init__(
        self, catalog: Catalog, *, poll_seconds: float, hint: RevisionHint | None = None, rules: Rules | None = None
    ) -> None:
        """Without `rules` there are none."""
        self._catalog = catalog
        self._rules = rules
        self._view = CatalogueArrays()
        self._reading = asyncio.Lock()
        self._asked = self._answered = 0
        self._following = Following(
            self.refresh, TASK, "the catalogue cannot be read", poll_seconds=poll_seconds, hint=hint
        )
        self._stands_in = False

    @property
    def view(self) -> CatalogueArrays:
        return self._view

    @property
    def is_loaded(self) -> bool:
        """False until the catalogue was read once: PostgreSQL was away at the start."""
        return self._answered > 0

    @property
    def can_serve(self) -> bool:
        """Whether there is a view at all, be it the one that a release brought."""
        return self.is_loaded or self._stands_in

    @property
    def is_behind(self) -> bool:
        """Whether the last look at the catalogue failed: there may be changes that `view` lacks."""
        return self._following.is_failing

    def stand_in(self, release: Release) -> None:
        """Serve the release's own copy until the catalogue was read once; its revision is older than any."""
        if not self.is_loaded and release.catalogue is not None:
            self._view = CatalogueArrays.copied(release.item_ids, release.catalogue)
            self._stands_in = True

    async def start(self) -> None:
        """Load everything and keep following; while PostgreSQL is away, start empty and go on trying."""
        await self._following.attempt()
        self._following.start()

    async def aclose(self) -> None:
        await self._following.aclose()

    async def refresh(self) -> None:
        """Take in every write that was committed before this call. Concurrent calls share one read. Raises
        `Unavailable`.
        """
        self._asked += 1
        mine = self._asked
        async with self._reading:
            if self._answered < mine:
                covered = self._asked
                await self._read()
                self._answered = covered

    async def announce(self) -> None:
        """After a write of our own: serve it from here at once, and have the other workers read it too."""
        try:
            await self.refresh()
        except Unavailable:
            logger.warning("the catalogue's change is read later", task=TASK)
        self._following.tell_others()

    async def _read(self) -> None:
        change = await self._catalog.changed_since(self._view.revision)
        if change.whole:
            view = CatalogueArrays.of(change.items, change.revision)
        elif change.items or change.revision != self._view.revision:
            view = self._view.updated(change.items, change.revision)
        else:
            return
        # A change of a rule moves the revision with its commit: what is read now is as new as the items, or newer.
        self._view = replace(view, rules=await self._rules.current()) if self._rules else view
        RULES.set(len(self._view.rules))
