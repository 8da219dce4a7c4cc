"""Answers in Redis, one hash a user: `version` (the user's token) and one field for each question.

An entry is served only while its version is the current one: the generation, common to all, and the user's token.
Dropping the hash drops the token, and the next reader draws one that never was; so an entry that is stored late has no
version to match. Every new connection moves the generation before it asks anything: what it could not invalidate while
Redis was away, it or any worker before it, is never served again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from recsys.adapters.redis.address import Command, pack
from recsys.adapters.redis.connection import RedisConnection
from recsys.adapters.redis.entry import decode, encode, new_token
from recsys.adapters.redis.pipeline import NAME, Replies
from recsys.errors import Unavailable
from recsys.ports import CacheEntry, CacheRead, Clock
from recsys.telemetry import CACHE_WRITES

PREFIX = b"recstack:recommendations:"
GENERATION = PREFIX + b"generation"
GENERATION_TTL_SECONDS = 86_400
TOKEN_TTL_SECONDS = 300
"""Of a token without entries: longer than any computation."""
VERSION = b"version"
FIELD = b"list:"

MAX_LISTS = 32
"""Of one user; one more drops them all."""
MAX_BODY_BYTES = 1 << 20
MAX_READS = 10_000
"""Waiting in this process."""
KEYS_A_COMMAND = 500
SCANNED_AT_ONCE = 1000
READ_PATIENCE_SECONDS = 0.2
RECONNECT_PATIENCE_SECONDS = 0.25

_GENERATION_READ = pack(("GETEX", GENERATION, "EX", GENERATION_TTL_SECONDS))

Read = tuple["asyncio.Future[CacheRead]", bytes, bytes]
"""Who waits, the hash, the field."""
Then = Callable[[list[Read], Replies], None]


def new_generation() -> Sequence[Command]:
    """What every connection begins with."""
    return [("SET", GENERATION, new_token(), "EX", GENERATION_TTL_SECONDS)]


class RedisRecommendationCache:
    """The reads of one tick of the event loop travel together; each is one HMGET."""

    def __init__(self, connection: RedisConnection, clock: Clock, *, ttl_seconds: int) -> None:
        """`connection` greets with `new_generation`."""
        self._connection = connection
        self._clock = clock
        self._ttl = ttl_seconds
        self._loop = asyncio.get_running_loop()
        self._reads: list[Read] = []
        self._under_way = 0

    def read(self, user_id: int, key: str) -> Awaitable[CacheRead]:
        """Raises `Unavailable`, at once or when awaited."""
        if self._under_way + len(self._reads) >= MAX_READS:
            raise Unavailable("too many reads wait for Redis", dependency=NAME)
        future = self._loop.create_future()
        if not self._reads:
            self._loop.call_soon(self._flush)
        self._reads.append((future, b"%b%d" % (PREFIX, user_id), FIELD + key.encode()))
        return future

    async def store(self, user_id: int, key: str, entry: CacheEntry) -> None:
        if len(entry.body) > MAX_BODY_BYTES:
            CACHE_WRITES.labels("too_large").inc()
            return
        name = b"%b%d" % (PREFIX, user_id)
        written, _, fields = await self._connection.request(
            ("HSET", name, FIELD + key.encode(), encode(entry)), ("EXPIRE", name, self._ttl), ("HLEN", name)
        )
        _check(written)
        CACHE_WRITES.labels("stored").inc()
        if fields > MAX_LISTS + 1:
            CACHE_WRITES.labels("full").inc()
            await self._drop([name])

    async def invalidate(self, user_ids: Sequence[int]) -> None:
        """Where Redis has just gone away this waits a moment for it; after that every entry goes when it is back."""
        names = [b"%b%d" % (PREFIX, user_id) for user_id in user_ids]
        try:
            await self._drop(names)
        except Unavailable:
            self._connection.start_anew()
            if not await self._connection.reconnected(RECONNECT_PATIENCE_SECONDS):
                raise
            await self._drop(names)
        CACHE_WRITES.labels("invalidated").inc(len(names))

    async def sweep(self, is_forgotten: Callable[[int], bool]) -> int:
        """A piece at a time, so that Redis answers others between; keys of before the sweep are not missed."""
        dropped, cursor = 0, b"0"
        while True:
            (reply,) = await self._connection.request(
                ("SCAN", cursor, "MATCH", PREFIX + b"*", "COUNT", SCANNED_AT_ONCE)
            )
            _check(reply)
            cursor, names = reply
            forgotten = [name for name in names if _is_of(name, is_forgotten)]
            await self._drop(forgotten)
            dropped += len(forgotten)
            if cursor == b"0":
                return dropped

    async def _drop(self, names: list[bytes]) -> None:
        for start in range(0, len(names), KEYS_A_COMMAND):
            (dropped,) = await self._connection.request(("UNLINK", *names[start : start + KEYS_A_COMMAND]))
            _check(dropped)

    def _flush(self) -> None:
        reads, self._reads = self._reads, []
        commands = [_GENERATION_READ]
        commands += [pack((b"HMGET", name, VERSION, field)) for _, name, field in reads]
        self._send(reads, commands, self._found)

    def _found(self, reads: list[Read], replies: Replies) -> None:
        generation, *found = replies
        now = self._clock.now().timestamp()
        without_version = []
        for read, (token, stored) in zip(reads, found, strict=True):
            if generation is None or token is None:
                without_version.append(read)
                continue
            version = generation + token
            entry = None if stored is None else decode(stored, version, now)
            _answer(read, CacheRead(entry, version.decode()))
        if without_version:
            self._give_versions(without_version)

    def _give_versions(self, reads: list[Read]) -> None:
        """Before the computation begins; whoever else gives one at the same time, the first one stands."""
        commands = [pack(("SET", GENERATION, new_token(), "EX", GENERATION_TTL_SECONDS, "NX"))]
        commands.append(_GENERATION_READ)
        for _, name, _ in reads:
            commands.append(pack((b"HSETNX", name, VERSION, new_token())))
            commands.append(pack((b"EXPIRE", name, TOKEN_TTL_SECONDS)))
            commands.append(pack((b"HGET", name, VERSION)))
        self._send(reads, commands, self._versions_given)

    def _versions_given(self, reads: list[Read], replies: Replies) -> None:
        generation = replies[1]
        for read, token in zip(reads, replies[4::3], strict=True):
            _answer(read, CacheRead(None, (generation + token).decode()))

    def _send(self, reads: list[Read], commands: list[bytes], then: Then) -> None:
        def outcome(replies: Replies | Unavailable) -> None:
            self._under_way -= len(reads)
            if isinstance(replies, Unavailable):
                _fail(reads, replies)
            elif any(isinstance(reply, Exception) for reply in replies) or None in replies[1:]:
                _fail(reads, Unavailable("Redis refused a read", dependency=NAME))
            else:
                then(reads, replies)

        try:
            self._connection.send(b"".join(commands), len(commands), outcome, patience=READ_PATIENCE_SECONDS)
        except Unavailable as error:
            _fail(reads, error)
        else:
            self._under_way += len(reads)


def _is_of(name: bytes, is_wanted: Callable[[int], bool]) -> bool:
    number = name.removeprefix(PREFIX)
    return number.isdigit() and is_wanted(int(number))


def _check(reply: object) -> None:
    if isinstance(reply, Exception):
        raise Unavailable(f"Redis refused a write: {reply}", dependency=NAME)


def _answer(read: Read, result: CacheRead) -> None:
    if not read[0].done():
        read[0].set_result(result)


def _fail(reads: list[Read], error: Unavailable) -> None:
    for future, _, _ in reads:
        if not future.done():
            future.set_exception(Unavailable(error.detail, dependency=NAME))
