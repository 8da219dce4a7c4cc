from __future__ import annotations

import asyncio

import pytest

from recommendation_api.background import end

pytestmark = pytest.mark.anyio


async def _forever(ended: list[str], name: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        ended.append(name)


async def test_all_have_ended_when_it_returns() -> None:
    ended: list[str] = []
    tasks = [asyncio.create_task(_forever(ended, name)) for name in ("first", "second")]
    await asyncio.sleep(0)
    await end(*tasks)
    assert ended == ["first", "second"]
    assert all(task.cancelled() for task in tasks)


async def test_a_failure_is_not_hidden() -> None:
    async def fail() -> None:
        raise ValueError("broken")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    with pytest.raises(ValueError, match="broken"):
        await end(task)
