"""A bounded pool of connections with a deadline on everything: what goes wrong there becomes `Unavailable`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from recsys.breaker import Breaker
from recsys.errors import InvalidInput, Unavailable
from recsys.ports import Clock
from recsys.telemetry import POOL_CONNECTIONS, POOL_LIMIT

Connection = psycopg.AsyncConnection[Any]
Result = TypeVar("Result")

NAME = "postgres"
MAX_WAITING = 256
IDLE_IN_TRANSACTION_SECONDS = 10
GRACE_SECONDS = 0.25
"""What the last deadline leaves to the ones before it, which give a better reason."""

IN_USE, IDLE = (POOL_CONNECTIONS.labels(state) for state in ("in_use", "idle"))

AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    PoolTimeout,
    PoolClosed,
    TooManyRequests,
)


class Postgres:
    """Open it once with `async with`; PostgreSQL need not answer yet.

    Connections are in autocommit: one statement is one transaction, `connection.transaction()` makes a longer one.
    """

    def __init__(self, url: str, *, clock: Clock, timeout_seconds: float, max_connections: int = 8) -> None:
        """Raises `InvalidInput` for a URL that libpq cannot read."""
        self._timeout = timeout_seconds
        self._breaker = Breaker(NAME, clock)
        self._abandoned: set[asyncio.Task[Any]] = set()
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=max_connections,
            max_waiting=MAX_WAITING,
            timeout=timeout_seconds,
            reconnect_timeout=timeout_seconds,
            open=False,
            name=NAME,
            kwargs=_connection_settings(url, timeout_seconds),
        )

    async def __aenter__(self) -> Self:
        await self._pool.open(wait=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._abandoned:
            task.cancel()
        await self._pool.close(timeout=self._timeout)

    async def ping(self) -> None:
        """Raises `Unavailable`. Whoever asks regularly keeps the pool's gauges right."""

        async def select_one(connection: Connection) -> None:
            await connection.execute("SELECT 1")

        try:
            await self.run(select_one)
        finally:
            self._tell_pool()

    async def read(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """`run`, once more where the connection turns out to be dead: the server was restarted since it was used."""
        try:
            return await self.run(work)
        except Unavailable as error:
            if not (isinstance(error.__cause__, psycopg.OperationalError) and error.__cause__.sqlstate in _LOST):
                raise
            await self._pool.check()
            return await self.run(work)

    async def run(
        self, work: Callable[[Connection], Awaitable[Result]], *, timeout_seconds: float | None = None
    ) -> Result:
        """Do `work` with a connection of the pool, within the timeout. Raises `Unavailable`, and what `work` raises.

        One that is given more time than usual has to lift its statements' own limit.
        """
        limit = timeout_seconds or self._timeout
        self._breaker.check()
        task = asyncio.ensure_future(self._with_connection(work))
        try:
            done, _ = await asyncio.wait({task}, timeout=limit + GRACE_SECONDS)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not done:
            self._abandon(task)
            self._breaker.failed()
            raise Unavailable(f"PostgreSQL did not answer within {limit} s", dependency=NAME)
        try:
            result = task.result()
        except AWAY as error:
            self._breaker.failed()
            raise Unavailable(f"PostgreSQL is away: {type(error).__name__}", dependency=NAME) from error
        except psycopg.errors.UndefinedTable as error:
            raise Unavailable("the database has no tables yet: run the migrations", dependency=NAME) from error
        self._breaker.succeeded()
        return result

    async def _with_connection(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        async with self._pool.connection() as connection:
            return await work(connection)

    def _tell_pool(self) -> None:
        stats = self._pool.get_stats()
        idle = stats.get("pool_available", 0)
        IDLE.set(idle)
        IN_USE.set(stats.get("pool_size", 0) - idle)
        POOL_LIMIT.set(self._pool.max_size)

    def _abandon(self, task: asyncio.Task[Any]) -> None:
        """Cancelling asks the server to cancel too, which a silent one does not answer: nobody waits for that."""
        task.cancel()
        self._abandoned.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            task.exception()


_LOST = {None, "57P01", "57P02", "57P03"}
"""No state (the socket broke), or the server says that it shuts down."""


def _connection_settings(url: str, timeout_seconds: float) -> dict[str, Any]:
    milliseconds = round(timeout_seconds * 1000)
    options = {
        "statement_timeout": milliseconds,
        "lock_timeout": milliseconds,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_SECONDS * 1000,
        "TimeZone": "UTC",
    }
    try:
        given = conninfo_to_dict(url).get("options")
    except psycopg.ProgrammingError:
        raise InvalidInput("RECSTACK_DATABASE_URL is not a PostgreSQL URL that can be used.") from None
    ours = " ".join(f"-c {name}={value}" for name, value in options.items())
    return {
        "autocommit": True,
        "application_name": "recstack",
        "connect_timeout": max(1, round(timeout_seconds)),
        "options": f"{given} {ours}" if given else ours,
    }
