"""Tasks that run beside the requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any


class Follower:
    """One that goes on until it is closed; `follow` never ends by itself."""

    def __init__(self, follow: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        self._follow, self._name = follow, name
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._follow(), name=self._name)

    async def aclose(self) -> None:
        """Raises what it failed with; closing one that was never started does nothing."""
        if self._task:
            await end(self._task)


async def end(*tasks: asyncio.Task[None]) -> None:
    """Cancel all of them, then wait until each has ended; raises what one of them failed with."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
