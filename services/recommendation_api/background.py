"""Tasks that run beside the requests."""

from __future__ import annotations

import asyncio
from contextlib import suppress


async def end(*tasks: asyncio.Task[None]) -> None:
    """Cancel all of them, then wait until each has ended; raises what one of them failed with."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
