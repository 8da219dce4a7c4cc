"""One connection that comes back by itself: callers never wait for it to be made."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import structlog

from recsys.adapters.redis.address import Command, pack, read_address
from recsys.adapters.redis.pipeline import NAME, Outcome, Pipeline, Replies
from recsys.breaker import Breaker
from recsys.errors import Unavailable
from recsys.ports import Clock

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 1.0

logger = structlog.get_logger(__name__)


class Refused(Exception):
    """Redis answered a greeting with an error; the text is Redis's own."""


class RedisConnection:
    """Open it with `async with`, inside the event loop that uses it; Redis need not answer yet.

    `greet` gives the commands that every new connection begins with, before anything else is sent on it.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        timeout_seconds: float,
        greet: Callable[[], Sequence[Command]] = tuple,
    ) -> None:
        """Raises `InvalidInput` for a URL that cannot be read."""
        self._address = read_address(url)
        self._timeout = timeout_seconds
        self._greet = greet
        self._breaker = Breaker(NAME, clock)
        self._pipeline: Pipeline | None = None
        self._up = asyncio.Event()
        self._lost_at = float("-inf")
        self._greet_again = False
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._stay_connected())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._up.wait(), self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self._pipeline is not None:
            self._pipeline.abort()

    def send(self, packed: bytes, expected: int, outcome: Outcome, *, patience: float | None = None) -> None:
        """Send commands, tell `outcome` their replies, or `Unavailable` after `patience` seconds (the timeout).

        Raises `Unavailable` at once while Redis is known to be away.
        """
        if self._pipeline is None:
            raise Unavailable("Redis is away", dependency=NAME)
        self._breaker.check()
        self._pipeline.send(packed, expected, outcome, patience=patience or self._timeout, timeout=self._timeout)

    async def request(self, *commands: Command) -> Replies:
        """The replies, errors among them. Raises `Unavailable`."""
        future: asyncio.Future[Replies] = asyncio.get_running_loop().create_future()
        self.send(b"".join(map(pack, commands)), len(commands), _into(future))
        return await future

    def start_anew(self) -> None:
        """Give the connection up, if there is one; the greeting of the next one is sent after this call."""
        self._greet_again = True
        if self._pipeline is not None:
            self._pipeline.abort()
            self._leave()

    async def reconnected(self, within: float) -> bool:
        """Wait until `within` seconds after the connection was lost; whether there is one then."""
        left = self._lost_at + within - asyncio.get_running_loop().time()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._up.wait(), max(0.0, left))
        return self._up.is_set()

    async def ping(self) -> None:
        """Raises `Unavailable`."""
        await self.request(("PING",))

    async def _stay_connected(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                pipeline = await self._connect()
            except Exception as error:  # noqa: BLE001 - whatever it was, the next attempt may do better
                self._breaker.failed()
                logger.warning("Redis is away", address=repr(self._address), reason=str(error) or type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                continue
            pause = FIRST_PAUSE_SECONDS
            self._breaker.succeeded()
            self._pipeline = pipeline
            self._up.set()
            await pipeline.lost.wait()
            self._leave()
            self._breaker.failed()

    def _leave(self) -> None:
        if self._pipeline is not None:
            self._pipeline = None
            self._up.clear()
            self._lost_at = asyncio.get_running_loop().time()

    async def _connect(self) -> Pipeline:
        async with asyncio.timeout(self._timeout):
            pipeline = await self._address.connect(
                lambda: Pipeline(on_answer=self._breaker.succeeded, on_late=self._breaker.failed)
            )
            try:
                await self._say(pipeline, self._address.greeting)
                self._greet_again = True
                while self._greet_again:
                    self._greet_again = False
                    await self._say(pipeline, self._greet())
            except BaseException:
                pipeline.abort()
                raise
        return pipeline

    async def _say(self, pipeline: Pipeline, commands: Sequence[Command]) -> None:
        future: asyncio.Future[Replies] = asyncio.get_running_loop().create_future()
        said = [*commands, ("PING",)]
        packed = b"".join(map(pack, said))
        pipeline.send(packed, len(said), _into(future), patience=self._timeout, timeout=self._timeout)
        for reply in await future:
            if isinstance(reply, Exception):
                raise Refused(str(reply))


def _into(future: asyncio.Future[Replies]) -> Outcome:
    def tell(outcome: Replies | Unavailable) -> None:
        if future.done():
            return
        if isinstance(outcome, Unavailable):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

    return tell
