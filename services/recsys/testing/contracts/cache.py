"""`RecommendationCache`."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from recsys.domain import MAX_ID
from recsys.ports import CacheEntry, RecommendationCache
from recsys.testing.clock import ManualClock

BODY = b'{"user_id":1,"recommendations":[]}'
KEPT_SECONDS = 60


class RecommendationCacheContract:
    def _entry(self, clock: ManualClock, version: str, body: bytes = BODY) -> CacheEntry:
        return CacheEntry(body, version, epoch=7, expires_at=clock.now().timestamp() + KEPT_SECONDS)

    async def _store(self, cache: RecommendationCache, clock: ManualClock, user_id: int, key: str) -> CacheEntry:
        entry = self._entry(clock, (await cache.read(user_id, key)).version)
        await cache.store(user_id, key, entry)
        return entry

    async def test_what_was_never_stored_is_a_miss_with_a_version(self, cache: RecommendationCache) -> None:
        first = await cache.read(1, "key")
        assert first.entry is None
        assert first.version
        assert (await cache.read(1, "key")).version == first.version

    async def test_an_entry_comes_back_whole(self, cache: RecommendationCache, clock: ManualClock) -> None:
        entry = await self._store(cache, clock, 1, "key")
        found = await cache.read(1, "key")
        assert (found.entry, found.version) == (entry, entry.version)

    @pytest.mark.parametrize("body", [b"", b"\0\xff\r\n$-1\r\n", b"x" * 300_000])
    async def test_a_body_is_any_bytes(self, cache: RecommendationCache, clock: ManualClock, body: bytes) -> None:
        entry = self._entry(clock, (await cache.read(1, "key")).version, body)
        await cache.store(1, "key", entry)
        assert (await cache.read(1, "key")).entry == entry

    async def test_users_and_keys_are_apart(self, cache: RecommendationCache, clock: ManualClock) -> None:
        for key in ("version", "key", "generation"):
            await self._store(cache, clock, 1, key)
        assert (await cache.read(1, "version")).entry is not None
        assert (await cache.read(1, "other")).entry is None
        assert (await cache.read(2, "key")).entry is None
        assert (await cache.read(MAX_ID, "key")).entry is None

    async def test_an_entry_ends_at_its_time(self, cache: RecommendationCache, clock: ManualClock) -> None:
        await self._store(cache, clock, 1, "key")
        clock.advance(KEPT_SECONDS - 1)
        assert (await cache.read(1, "key")).entry is not None
        clock.advance(1)
        assert (await cache.read(1, "key")).entry is None

    async def test_an_event_drops_every_entry_of_its_user_alone(
        self, cache: RecommendationCache, clock: ManualClock
    ) -> None:
        for user_id in (1, 2, 3):
            await self._store(cache, clock, user_id, "a")
            await self._store(cache, clock, user_id, "b")
        before = (await cache.read(1, "a")).version
        await cache.invalidate([1, 2])
        found = await cache.read(1, "a")
        assert found.entry is None
        assert found.version != before
        assert (await cache.read(1, "b")).entry is None
        assert (await cache.read(2, "a")).entry is None
        assert (await cache.read(3, "a")).entry is not None

    @pytest.mark.parametrize("read_before_store", [True, False])
    async def test_a_computation_that_began_before_an_event_is_never_served(
        self, cache: RecommendationCache, clock: ManualClock, read_before_store: bool
    ) -> None:
        late = self._entry(clock, (await cache.read(1, "key")).version)
        await cache.invalidate([1])
        if read_before_store:
            await cache.read(1, "key")
        await cache.store(1, "key", late)
        assert (await cache.read(1, "key")).entry is None
        assert (await cache.read(1, "key")).entry is None
        assert (await cache.read(1, "key")).version != late.version

    async def test_after_an_event_entries_are_kept_again(self, cache: RecommendationCache, clock: ManualClock) -> None:
        await cache.invalidate([1])
        await cache.invalidate([])
        entry = await self._store(cache, clock, 1, "key")
        assert (await cache.read(1, "key")).entry == entry

    async def test_a_newer_entry_replaces_the_older(self, cache: RecommendationCache, clock: ManualClock) -> None:
        entry = await self._store(cache, clock, 1, "key")
        newer = replace(entry, body=b"newer", epoch=8)
        await cache.store(1, "key", newer)
        assert (await cache.read(1, "key")).entry == newer

    async def test_readers_at_once_get_each_their_own(self, cache: RecommendationCache, clock: ManualClock) -> None:
        for user_id in range(1, 51):
            version = (await cache.read(user_id, "key")).version
            await cache.store(user_id, "key", self._entry(clock, version, b"%d" % user_id))
        found = await asyncio.gather(*(self._read(cache, user_id) for user_id in range(1, 61)))
        assert found == [b"%d" % user_id for user_id in range(1, 51)] + [None] * 10

    async def test_first_readers_at_once_are_given_one_version(self, cache: RecommendationCache) -> None:
        found = await asyncio.gather(*(self._version(cache, 1) for _ in range(5)))
        assert len(set(found)) == 1

    async def test_one_user_cannot_fill_the_cache(self, cache: RecommendationCache, clock: ManualClock) -> None:
        keys = [f"key {number}" for number in range(200)]
        for key in keys:
            await self._store(cache, clock, 1, key)
        kept = [key for key in keys if (await cache.read(1, key)).entry is not None]
        assert 1 <= len(kept) <= 32

    async def _read(self, cache: RecommendationCache, user_id: int) -> bytes | None:
        entry = (await cache.read(user_id, "key")).entry
        return entry.body if entry else None

    async def _version(self, cache: RecommendationCache, user_id: int) -> str:
        return (await cache.read(user_id, "key")).version

    async def test_a_sweep_drops_those_who_are_forgotten(self, cache: RecommendationCache, clock: ManualClock) -> None:
        for user_id in range(1, 41):
            await self._store(cache, clock, user_id, "key")
        assert await cache.sweep(lambda user_id: user_id % 10 == 0) == 4
        found = [await self._read(cache, user_id) for user_id in range(1, 41)]
        assert [number for number, body in enumerate(found, 1) if body is None] == [10, 20, 30, 40]
