"""What every worker follows in the database: looked at again and again, and at once when another worker wrote."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from recommendation_api.background import Follower
from recsys.logs import masked
from recsys.telemetry import BACKGROUND_ERRORS

HINT_SECONDS = 0.02

logger = structlog.get_logger(__name__)


class RevisionHint:
    """Tells the workers of one machine that one of them has written: the modification time of a file they share."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()
        self._seen = self._read()

    def give(self) -> None:
        self._path.touch()

    async def given(self, within: float) -> None:
        """Return when anyone gives one, after `within` seconds at the latest."""
        for _ in range(max(1, round(within / HINT_SECONDS))):
            await asyncio.sleep(HINT_SECONDS)
            if self.taken():
                return

    def taken(self) -> bool:
        """Whether anyone has given a hint since the last call."""
        before, self._seen = self._seen, self._read()
        return self._seen != before

    def _read(self) -> int:
        return self._path.stat().st_mtime_ns


class Following:
    """Awaits `refresh` in turns that never end: one that stopped would leave the worker with an old state for good."""

    def __init__(
        self,
        refresh: Callable[[], Awaitable[None]],
        task: str,
        complaint: str,
        *,
        poll_seconds: float,
        hint: RevisionHint | None,
    ) -> None:
        """`complaint` is what the log says of the first failure after a success."""
        self._refresh, self._task, self._complaint = refresh, task, complaint
        self._poll_seconds, self._hint = poll_seconds, hint
        self._follower = Follower(self._follow, task)
        self.is_failing = False
        """Whether the last turn failed."""

    def start(self) -> None:
        self._follower.start()

    async def aclose(self) -> None:
        await self._follower.aclose()

    def tell_others(self) -> None:
        """The workers of this machine, that there is news."""
        if self._hint:
            self._hint.give()

    async def attempt(self) -> None:
        """One turn; never raises, the next one may succeed."""
        try:
            await self._refresh()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next turn may succeed
            BACKGROUND_ERRORS.labels(self._task).inc()
            if not self.is_failing:
                logger.warning(self._complaint, task=self._task, error=masked(error))
            self.is_failing = True
        else:
            self.is_failing = False

    async def _follow(self) -> None:
        while True:
            await self._next_turn()
            await self.attempt()

    async def _next_turn(self) -> None:
        if self._hint is None:
            await asyncio.sleep(self._poll_seconds)
        else:
            await self._hint.given(self._poll_seconds)
