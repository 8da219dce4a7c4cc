"""Who was erased, known to every worker: by keyed hashes that each reads from PostgreSQL as they come."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from recommendation_api.following import Following, RevisionHint
from recsys.adapters.verdicts import erased_external, erased_user
from recsys.algorithms.base import IndexArray
from recsys.errors import Unavailable
from recsys.forgetting import erased_rows
from recsys.logs import masked
from recsys.ports import Erasures
from recsys.pseudonyms import HASH_BYTES, Pseudonyms
from recsys.telemetry import BACKGROUND_ERRORS

TASK = "forgotten"

logger = structlog.get_logger(__name__)


class Forgotten:
    """`on_news` is awaited whenever somebody new is among them, before anybody is told that it is done."""

    def __init__(
        self,
        erasures: Erasures,
        pseudonyms: Pseudonyms,
        *,
        poll_seconds: float,
        hint: RevisionHint | None = None,
        copy: Path | None = None,
    ) -> None:
        """`copy` is the file that tells a later start who was erased, should PostgreSQL be away then."""
        self._erasures, self._pseudonyms, self._copy = erasures, pseudonyms, copy
        self._hashes: set[bytes] = set()
        self._revision = 0
        self._reading = asyncio.Lock()
        self._asked = self._answered = 0
        self._is_recalled = False
        self._following = Following(
            self.refresh, TASK, "erasures cannot be followed", poll_seconds=poll_seconds, hint=hint
        )
        self.on_news: Callable[[], Awaitable[None]] = _nobody_asks

    async def start(self) -> None:
        """Read them all and keep following; while PostgreSQL is away, start with those of the copy and go on trying."""
        await self._following.attempt()
        if not self.is_loaded:
            self._recall()
        self._following.start()

    async def aclose(self) -> None:
        await self._following.aclose()

    @property
    def is_loaded(self) -> bool:
        """False until they were read once: PostgreSQL was away at the start, and there was no copy."""
        return self._answered > 0 or self._is_recalled

    def holds(self, user_id: int) -> bool:
        return bool(self._hashes) and self._pseudonyms.user(user_id) in self._hashes

    def rows(self, user_ids: NDArray[np.int64]) -> IndexArray:
        """Rows of the erased among them."""
        return erased_rows(user_ids, self.holds) if self._hashes else np.empty(0, np.int32)

    def refuse(self, user_id: int) -> None:
        """Raises `Erased` for somebody who is known to be."""
        if self.holds(user_id):
            raise erased_user(user_id)

    async def refuse_late(self, user_id: int) -> None:
        """For somebody whom the database does not know: raises `Erased` also where another worker did it just now."""
        await self._look()
        self.refuse(user_id)

    async def refuse_external(self, external_id: str) -> None:
        """Raises `Erased` for an id of another system whose user was erased."""
        await self._look()
        if self._pseudonyms.external(external_id) in self._hashes:
            raise erased_external()

    async def learn(self, user_id: int) -> None:
        """Of an erasure of our own: it holds here at once, and the other workers of this machine are told."""
        self._hashes.add(self._pseudonyms.user(user_id))
        await self.on_news()
        await self._look()
        self._following.tell_others()

    async def refresh(self) -> None:
        """Take in every erasure that was committed before this call; concurrent calls share one read. Raises
        `Unavailable`.
        """
        self._asked += 1
        mine = self._asked
        news: frozenset[bytes] = frozenset()
        async with self._reading:
            if self._answered < mine:
                covered = self._asked
                found = await self._erasures.tombstones(self._revision)
                self._revision = found.revision
                news = found.hashes - self._hashes
                self._hashes |= news
                if found.hashes or not self._answered:
                    self._keep_copy()
                self._answered = covered
        if news:
            await self.on_news()

    def _keep_copy(self) -> None:
        """Whole or not at all; without one, a start without PostgreSQL has less to answer from."""
        if self._copy is None:
            return
        written = self._copy.with_name(f".{self._copy.name}.{os.getpid()}")
        try:
            written.write_bytes(b"".join(sorted(self._hashes)))
            written.replace(self._copy)
        except OSError as error:
            BACKGROUND_ERRORS.labels(TASK).inc()
            logger.warning("who was erased is kept in no file", task=TASK, error=masked(error))

    def _recall(self) -> None:
        """Those that the last worker of this machine knew."""
        with suppress(OSError):
            content = self._copy.read_bytes() if self._copy else None
            if content is not None:
                self._hashes |= {content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)}
                self._is_recalled = True

    async def _look(self) -> None:
        with suppress(Unavailable):
            await self.refresh()


async def _nobody_asks() -> None:
    return
