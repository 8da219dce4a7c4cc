"""`Sessions`: in memory and in Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from recsys.adapters.memory_sessions import MemorySessions
from recsys.adapters.redis import RedisConnection, RedisSessions
from recsys.ports import Sessions
from recsys.testing.clock import ManualClock
from recsys.testing.contracts import SessionsContract
from recsys.testing.contracts.sessions import BRIEF_SECONDS, Pass

pytestmark = pytest.mark.anyio

TTL_SECONDS = 600


class TestMemory(SessionsContract):
    @pytest.fixture
    def sessions(self, clock: ManualClock) -> Sessions:
        return MemorySessions(clock, ttl_seconds=TTL_SECONDS)

    @pytest.fixture
    def brief(self, clock: ManualClock) -> Sessions:
        return MemorySessions(clock, ttl_seconds=BRIEF_SECONDS)

    @pytest.fixture
    def let_pass(self, clock: ManualClock) -> Pass:
        async def advance(seconds: float) -> None:
            clock.advance(seconds)

        return advance


@pytest.mark.integration
class TestRedis(SessionsContract):
    @pytest.fixture
    async def connection(self, redis_url: str, clock: ManualClock) -> AsyncIterator[RedisConnection]:
        async with RedisConnection(redis_url, clock=clock, timeout_seconds=5) as connection:
            yield connection

    @pytest.fixture
    def sessions(self, connection: RedisConnection, clock: ManualClock) -> Sessions:
        return RedisSessions(connection, clock, ttl_seconds=TTL_SECONDS)

    @pytest.fixture
    def brief(self, connection: RedisConnection, clock: ManualClock) -> Sessions:
        return RedisSessions(connection, clock, ttl_seconds=BRIEF_SECONDS)

    @pytest.fixture
    def let_pass(self) -> Callable[[float], Awaitable[None]]:
        return asyncio.sleep

    async def test_every_key_ends_by_itself(
        self, sessions: Sessions, connection: RedisConnection, clock: ManualClock
    ) -> None:
        for _ in range(2):
            closed = await sessions.begin()
            await sessions.record(closed, self._event(clock, "a"))
            await sessions.close(closed)
        (names,) = await connection.request(("KEYS", "*"))
        assert len(names) == 2
        for left in await connection.request(*(("TTL", name) for name in names)):
            assert TTL_SECONDS - 60 < left <= TTL_SECONDS
