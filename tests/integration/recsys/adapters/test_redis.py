"""What only Redis can show: outages with several workers, time to live, what travels, passwords."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from redis.asyncio import Redis as AsyncRedis

from native import processes
from native.providers.redis import RedisServer, find_binary
from recsys.adapters.clock import SystemClock
from recsys.adapters.redis import RedisConnection, RedisRecommendationCache, new_generation
from recsys.adapters.redis.cache import MAX_BODY_BYTES, MAX_READS
from recsys.errors import InvalidInput, Unavailable
from recsys.ports import CacheEntry
from recsys.testing.gate import Gate
from tests.integration.recsys.adapters.redis_worker import BODY, Worker

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

TIMEOUT_SECONDS = 1.0


@pytest.fixture
async def workers() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def _worker(workers: AsyncExitStack, url: str) -> Worker:
    clock = SystemClock()
    connection = await workers.enter_async_context(
        RedisConnection(url, clock=clock, timeout_seconds=TIMEOUT_SECONDS, greet=new_generation)
    )
    return Worker(connection, RedisRecommendationCache(connection, clock, ttl_seconds=600))


@pytest.fixture
async def gate(redis_url: str, free_tcp_port: int) -> AsyncIterator[Gate]:
    port = urlsplit(redis_url).port
    assert port is not None
    async with Gate(free_tcp_port, port) as gate:
        yield gate


def _through(gate: Gate) -> str:
    return f"redis://127.0.0.1:{gate.port}/0"


@pytest.fixture
def direct(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


async def test_workers_share_entries_and_invalidations(workers: AsyncExitStack, redis_url: str) -> None:
    one, two = await _worker(workers, redis_url), await _worker(workers, redis_url)
    await one.keep()
    assert await two.serves()
    await two.cache.invalidate([1])
    assert not await one.serves()


async def test_what_could_not_be_dropped_is_never_served_after_the_outage(
    workers: AsyncExitStack, gate: Gate, direct: redis.Redis
) -> None:
    one, two = await _worker(workers, _through(gate)), await _worker(workers, _through(gate))
    await one.keep()
    assert await two.serves()
    await gate.shut()
    with pytest.raises(Unavailable):
        await one.cache.invalidate([1])
    await gate.open()
    await two.recover()
    assert direct.hget("recstack:recommendations:1", "list:key") is not None
    assert not await two.serves()
    await one.recover()
    assert not await one.serves()
    await one.keep()
    assert await two.serves()


async def test_a_worker_that_never_lost_redis_learns_of_the_other_s_outage(
    workers: AsyncExitStack, gate: Gate, redis_url: str
) -> None:
    cut_off, connected = await _worker(workers, _through(gate)), await _worker(workers, redis_url)
    await connected.keep()
    await gate.shut()
    with pytest.raises(Unavailable):
        await cut_off.cache.invalidate([1])
    await gate.open()
    await cut_off.recover()
    assert not await connected.serves()


async def test_a_worker_that_starts_trusts_no_entry_from_before(workers: AsyncExitStack, redis_url: str) -> None:
    """The one before it may have died between storing an event and dropping the lists."""
    await (await _worker(workers, redis_url)).keep()
    assert not await (await _worker(workers, redis_url)).serves()


async def test_an_event_waits_out_a_moment_s_absence(workers: AsyncExitStack, gate: Gate) -> None:
    worker = await _worker(workers, _through(gate))
    await worker.keep()
    await gate.shut()
    dropping = asyncio.create_task(worker.cache.invalidate([1]))
    await asyncio.sleep(0.05)
    await gate.open()
    await dropping
    assert not await worker.serves()


async def test_a_redis_that_is_gone_costs_nobody_time(workers: AsyncExitStack, gate: Gate) -> None:
    worker = await _worker(workers, _through(gate))
    await gate.shut()
    await asyncio.sleep(0.5)
    started = time.monotonic()
    for _ in range(100):
        with pytest.raises(Unavailable) as caught:
            await worker.cache.read(1, "key")
        assert caught.value.dependency == "redis"
    with pytest.raises(Unavailable):
        await worker.cache.invalidate([1])
    assert time.monotonic() - started < 0.1


async def test_a_silent_redis_costs_a_read_a_fraction_of_a_second(workers: AsyncExitStack, gate: Gate) -> None:
    worker = await _worker(workers, _through(gate))
    await worker.keep()
    gate.fall_silent()
    started = time.monotonic()
    with pytest.raises(Unavailable, match="in time"):
        await worker.cache.read(1, "key")
    assert 0.15 < time.monotonic() - started < 0.8
    gate.speak()
    await worker.recover()
    assert await worker.serves()


async def test_what_was_dropped_in_silence_is_not_served_after_it(workers: AsyncExitStack, gate: Gate) -> None:
    worker, other = await _worker(workers, _through(gate)), await _worker(workers, _through(gate))
    await worker.keep()
    gate.fall_silent()
    with pytest.raises(Unavailable):
        await worker.cache.invalidate([1])
    gate.speak()
    await worker.recover()
    await other.recover()
    assert not await worker.serves()
    assert not await other.serves()


async def test_an_invalidation_that_was_never_sent_counts_all_the_same(workers: AsyncExitStack, gate: Gate) -> None:
    """The breaker refuses it after late reads, while the connection itself lives on."""
    clock = SystemClock()
    connection = RedisConnection(_through(gate), clock=clock, timeout_seconds=5, greet=new_generation)
    await workers.enter_async_context(connection)
    worker = Worker(connection, RedisRecommendationCache(connection, clock, ttl_seconds=600))
    await worker.keep()
    gate.fall_silent()
    late = []
    for _ in range(3):
        late.append(asyncio.ensure_future(worker.cache.read(1, "key")))
        await asyncio.sleep(0.01)
    assert all(isinstance(result, Unavailable) for result in await asyncio.gather(*late, return_exceptions=True))
    with pytest.raises(Unavailable, match="is away"):
        await worker.cache.invalidate([1])
    gate.speak()
    await worker.recover()
    assert not await worker.serves()


@pytest.fixture
def own_server(tmp_path: Path, free_tcp_port: int) -> RedisServer:
    return RedisServer(find_binary(), tmp_path, free_tcp_port)


async def test_a_redis_that_is_stopped_and_started_again_is_used_again(
    workers: AsyncExitStack, own_server: RedisServer, tmp_path: Path
) -> None:
    with (tmp_path / "log").open("wb") as output:
        first = processes.start(own_server.command(), output=output)
        try:
            worker = await _worker(workers, own_server.url())
            await worker.recover()
            await worker.keep()
            assert await worker.serves()
        finally:
            await asyncio.to_thread(processes.stop, first)
        with pytest.raises(Unavailable):
            await worker.cache.read(1, "key")
        second = processes.start(own_server.command(), output=output)
        try:
            await worker.recover()
            assert not await worker.serves()
            await worker.keep()
            assert await worker.serves()
        finally:
            await asyncio.to_thread(processes.stop, second)


async def test_a_redis_that_is_halted_with_its_data_forgets_what_it_missed(
    workers: AsyncExitStack, own_server: RedisServer, tmp_path: Path
) -> None:
    with (tmp_path / "log").open("wb") as output:
        process = processes.start(own_server.command(), output=output)
        try:
            busy, idle = await _worker(workers, own_server.url()), await _worker(workers, own_server.url())
            await busy.recover()
            await idle.recover()
            await busy.keep()
            assert await idle.serves()
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(Unavailable):
                await busy.cache.invalidate([1])
            await asyncio.sleep(0.3)
            process.send_signal(signal.SIGCONT)
            await busy.recover()
            assert not await busy.serves()
            assert not await idle.serves()
        finally:
            process.send_signal(signal.SIGCONT)
            await asyncio.to_thread(processes.stop, process)


async def test_every_key_has_a_time_to_live(workers: AsyncExitStack, redis_url: str, direct: redis.Redis) -> None:
    worker = await _worker(workers, redis_url)
    late = CacheEntry(BODY, (await worker.cache.read(3, "key")).version, 1, time.time() + 600)
    await worker.keep(1)
    await worker.cache.read(2, "key")
    await worker.cache.invalidate([1, 3])
    await worker.cache.store(3, "key", late)
    keys = [key for key in direct.scan_iter("*") if isinstance(key, bytes)]
    assert set(keys) == {b"recstack:recommendations:%b" % name for name in (b"generation", b"2", b"3")}
    assert all(0 < int(str(direct.ttl(key))) <= 86_400 for key in keys)


async def test_reads_of_one_moment_are_one_command_each_and_travel_together(
    workers: AsyncExitStack, redis_url: str, direct: redis.Redis
) -> None:
    worker = await _worker(workers, redis_url)
    for user_id in range(1, 31):
        await worker.keep(user_id)
    direct.config_resetstat()
    found = await asyncio.gather(*(worker.serves(user_id) for user_id in range(1, 31)))
    assert all(found)
    calls = {name: stat["calls"] for name, stat in direct.info("commandstats").items()}
    assert calls.pop("cmdstat_hmget") == 30
    assert calls.pop("cmdstat_getex") == 1
    assert {name for name in calls if not name.startswith(("cmdstat_config", "cmdstat_info"))} == set()


@pytest.mark.parametrize("key", ["recstack:recommendations:generation", "recstack:recommendations:1"])
async def test_a_key_that_redis_threw_out_is_a_miss(
    workers: AsyncExitStack, redis_url: str, direct: redis.Redis, key: str
) -> None:
    worker = await _worker(workers, redis_url)
    await worker.keep()
    direct.delete(key)
    assert not await worker.serves()
    await worker.keep()
    assert await worker.serves()


async def test_an_entry_stored_after_an_invalidation_that_redis_threw_out_is_not_served(
    workers: AsyncExitStack, redis_url: str, direct: redis.Redis
) -> None:
    worker = await _worker(workers, redis_url)
    late = CacheEntry(BODY, (await worker.cache.read(1, "key")).version, 1, time.time() + 600)
    await worker.cache.invalidate([1])
    direct.delete("recstack:recommendations:1")
    await worker.cache.store(1, "key", late)
    assert not await worker.serves()


async def test_a_list_that_is_too_large_is_not_kept(workers: AsyncExitStack, redis_url: str) -> None:
    worker = await _worker(workers, redis_url)
    version = (await worker.cache.read(1, "key")).version
    huge = CacheEntry(b"x" * (MAX_BODY_BYTES + 1), version, 1, time.time() + 600)
    await worker.cache.store(1, "key", huge)
    assert not await worker.serves()


async def test_reads_that_wait_are_bounded(workers: AsyncExitStack, redis_url: str) -> None:
    worker = await _worker(workers, redis_url)
    waiting = [worker.cache.read(1, "key") for _ in range(MAX_READS)]
    with pytest.raises(Unavailable, match="too many"):
        await worker.cache.read(1, "key")
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert len(results) == MAX_READS
    await worker.recover()


async def test_many_users_are_dropped_at_once(workers: AsyncExitStack, redis_url: str) -> None:
    worker = await _worker(workers, redis_url)
    for user_id in (1, 1200):
        await worker.keep(user_id)
    await worker.cache.invalidate(range(1, 1201))
    assert not await worker.serves(1)
    assert not await worker.serves(1200)


async def test_a_foreign_value_under_the_key_is_an_error_not_an_answer(
    workers: AsyncExitStack, redis_url: str, direct: redis.Redis
) -> None:
    worker = await _worker(workers, redis_url)
    direct.set("recstack:recommendations:1", "x", ex=60)
    with pytest.raises(Unavailable, match="refused"):
        await worker.cache.read(1, "key")
    assert not await worker.serves(2)


async def test_a_reader_that_leaves_disturbs_nobody(workers: AsyncExitStack, redis_url: str) -> None:
    worker = await _worker(workers, redis_url)
    await worker.keep()
    leaving = asyncio.ensure_future(worker.cache.read(1, "key"))
    staying = asyncio.ensure_future(worker.cache.read(1, "key"))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).entry is not None


async def test_the_password_and_the_database_of_the_url_count(
    workers: AsyncExitStack, redis_url: str, direct: redis.Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    address = urlsplit(redis_url).netloc
    direct.config_set("requirepass", "hunter2")
    try:
        worker = await _worker(workers, f"redis://:hunter2@{address}/3")
        await worker.keep()
        stranger = await _worker(workers, f"redis://:letmein@{address}/3")
        with pytest.raises(Unavailable):
            await stranger.cache.read(1, "key")
        async with AsyncRedis.from_url(f"redis://:hunter2@{address}/3") as client:
            assert await client.exists("recstack:recommendations:1")
            await client.flushdb()
            await client.config_set("requirepass", "")
    finally:
        direct.connection_pool.disconnect()
        with redis.Redis.from_url(f"redis://:hunter2@{address}/0") as client:
            client.config_set("requirepass", "")
    printed = capsys.readouterr()
    assert "letmein" not in printed.out + printed.err
    assert "hunter2" not in printed.out + printed.err


async def test_a_server_that_is_no_redis_is_away(workers: AsyncExitStack, free_tcp_port: int) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", free_tcp_port)
    async with server:
        worker = await _worker(workers, f"redis://127.0.0.1:{free_tcp_port}")
        with pytest.raises(Unavailable):
            await worker.cache.read(1, "key")


@pytest.mark.parametrize("url", ["http://x", "redis://h:port", "redis://h:1?socket_timeout=soon"])
async def test_a_url_that_cannot_be_read_is_named_and_not_shown(url: str) -> None:
    with pytest.raises(InvalidInput, match="RECSTACK_REDIS_URL") as caught:
        RedisConnection(url, clock=SystemClock(), timeout_seconds=1)
    assert url not in str(caught.value)
