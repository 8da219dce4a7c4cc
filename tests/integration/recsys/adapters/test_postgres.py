"""What only PostgreSQL can show: outages, deadlines, erasure in between, pages, one round trip."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psycopg
import pytest

from recsys.adapters.clock import SystemClock
from recsys.adapters.postgres import Postgres, PostgresCatalog, PostgresDeploymentLog, PostgresInteractionLog
from recsys.adapters.postgres.engine import Connection
from recsys.adapters.postgres.items import PAGE
from recsys.domain import Deployment, EventType, Interaction, Item
from recsys.errors import InvalidInput, NotFound, Unavailable
from recsys.ports import Recorded
from recsys.testing.gate import Gate

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

TIMEOUT_SECONDS = 0.5
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _open(url: str, timeout_seconds: float = 10, max_connections: int = 8) -> Postgres:
    return Postgres(url, clock=SystemClock(), timeout_seconds=timeout_seconds, max_connections=max_connections)


async def _recover(server: Postgres) -> None:
    """Within a few pauses of the breaker."""
    deadline = time.monotonic() + 15
    while True:
        try:
            await server.ping()
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
        else:
            return


@pytest.fixture
async def postgres(database_url: str) -> AsyncIterator[Postgres]:
    async with _open(database_url) as server:
        yield server


@pytest.fixture
def owner(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def gate(database_url: str, free_tcp_port: int) -> AsyncIterator[Gate]:
    port = urlsplit(database_url).port
    assert port is not None
    async with Gate(free_tcp_port, port) as gate:
        yield gate


def _through(gate: Gate, database_url: str) -> str:
    return database_url.replace(f":{urlsplit(database_url).port}/", f":{gate.port}/")


def _fill(owner: psycopg.Connection, users: int = 3, items: int = 5) -> None:
    owner.execute("INSERT INTO users (user_id) SELECT generate_series(1, %s)", (users,))
    owner.execute("INSERT INTO items (item_id, title) SELECT n, 'Item ' || n FROM generate_series(1, %s) n", (items,))


def _event(event_id: str, user_id: int = 1, item_id: int = 1) -> Interaction:
    return Interaction(event_id, user_id, item_id, EventType.VIEW, NOW)


async def _sleep(connection: Connection) -> None:
    await connection.execute("SELECT pg_sleep(5)")


async def test_a_server_that_is_away_is_unavailable_and_soon_costs_nothing(free_tcp_port: int) -> None:
    url = f"postgresql://someone:hunter2@127.0.0.1:{free_tcp_port}/nothing"
    async with _open(url, TIMEOUT_SECONDS) as server:
        for _ in range(3):
            with pytest.raises(Unavailable) as caught:
                await server.ping()
            assert caught.value.dependency == "postgres"
            assert "hunter2" not in str(caught.value)
        started = time.monotonic()
        with pytest.raises(Unavailable):
            await server.ping()
        assert time.monotonic() - started < 0.05


async def test_it_comes_back_by_itself(gate: Gate, database_url: str) -> None:
    async with _open(_through(gate, database_url), TIMEOUT_SECONDS) as server:
        await server.ping()
        await gate.shut()
        with pytest.raises(Unavailable):
            await server.ping()
        await gate.open()
        await _recover(server)


async def test_a_connection_that_died_in_the_pool_costs_no_read(postgres: Postgres, owner: psycopg.Connection) -> None:
    catalog = PostgresCatalog(postgres, SystemClock())
    assert await catalog.get(1) is None
    owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'recstack'")
    assert await catalog.get(1) is None


async def test_a_slow_statement_is_ended(database_url: str) -> None:
    async with _open(database_url, TIMEOUT_SECONDS) as server:
        started = time.monotonic()
        with pytest.raises(Unavailable, match="QueryCanceled"):
            await server.run(_sleep)
        assert time.monotonic() - started < 4
        await server.ping()


async def test_nobody_waits_for_a_silent_server(gate: Gate, database_url: str) -> None:
    async with _open(_through(gate, database_url), TIMEOUT_SECONDS) as server:
        await server.ping()
        gate.fall_silent()
        started = time.monotonic()
        with pytest.raises(Unavailable, match="did not answer within"):
            await server.ping()
        assert time.monotonic() - started < 2
        gate.speak()
        await _recover(server)


async def test_a_pool_that_is_used_up_is_unavailable(database_url: str) -> None:
    async with _open(database_url, TIMEOUT_SECONDS, max_connections=1) as server:
        results = await asyncio.gather(*(server.run(_sleep) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(result, Unavailable) for result in results)


async def test_a_caller_that_leaves_gives_its_connection_back(database_url: str) -> None:
    async with _open(database_url, 5, max_connections=1) as server:
        waiting = asyncio.create_task(server.run(_sleep))
        await asyncio.sleep(0.3)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await server.ping()


async def test_a_schema_that_is_not_there_is_said(postgres: Postgres, owner: psycopg.Connection) -> None:
    owner.execute("DROP TABLE interactions")
    with pytest.raises(Unavailable, match="migrations"):
        await PostgresInteractionLog(postgres).histories([1])


@pytest.mark.parametrize("url", ["no url", "postgresql://[::1"])
async def test_a_url_that_cannot_be_read_is_named_and_not_shown(url: str) -> None:
    with pytest.raises(InvalidInput, match="RECSTACK_DATABASE_URL") as caught:
        _open(url)
    assert url not in str(caught.value)


async def test_batches_that_share_events_never_wait_in_a_circle(postgres: Postgres, owner: psycopg.Connection) -> None:
    _fill(owner)
    events = [_event(f"event-{number}", 1 + number % 3, 1 + number % 5) for number in range(1500)]
    log = PostgresInteractionLog(postgres)
    batches = [random.Random(seed).sample(events, 1200) for seed in range(4)]  # noqa: S311
    results = await asyncio.gather(*(log.record(batch) for batch in batches))
    assert all(isinstance(result, Recorded) for batch in results for result in batch)
    named = {event.event_id for batch in batches for event in batch}
    assert owner.execute("SELECT count(*) FROM interactions").fetchone() == (len(named),)
    owner.execute("SELECT pg_stat_force_next_flush()")
    found = owner.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    assert found == (0,)


async def test_a_batch_takes_its_events_in_the_order_of_their_ids(
    postgres: Postgres, owner: psycopg.Connection, database_url: str
) -> None:
    """Held up at the middle one it has the first and not the last, whatever the order that they came in."""
    _fill(owner)
    with psycopg.connect(database_url) as holding, psycopg.connect(database_url, autocommit=True) as other:
        _insert(holding, "b")
        recording = asyncio.create_task(PostgresInteractionLog(postgres).record([_event(name) for name in "cba"]))
        await _somebody_waits(owner)
        other.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            _insert(other, "a")
        _insert(other, "c")
    assert [isinstance(result, Recorded) and result.duplicate for result in await recording] == [True, True, False]


def _insert(connection: psycopg.Connection, event_id: str) -> None:
    """The row of `_event(event_id)`."""
    connection.execute(
        "INSERT INTO interactions (event_id, user_id, item_id, type, occurred_at) VALUES (%s, 1, 1, 'view', %s)",
        (event_id, NOW),
    )


async def _somebody_waits(owner: psycopg.Connection) -> None:
    waiting = """
        SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
    """
    async with asyncio.timeout(5):
        while owner.execute(waiting).fetchone() != (True,):  # noqa: ASYNC110 - PostgreSQL has no event to give
            await asyncio.sleep(0.02)


async def test_a_user_erased_while_an_event_is_written_is_not_found(
    postgres: Postgres, owner: psycopg.Connection
) -> None:
    _fill(owner)
    log = PostgresInteractionLog(postgres)
    with owner.transaction():
        owner.execute("DELETE FROM users WHERE user_id = 1")
        recording = asyncio.create_task(log.record([_event("a"), _event("b", user_id=2)]))
        await asyncio.sleep(0.3)
        assert not recording.done()
    gone, stored = await recording
    assert isinstance(gone, NotFound)
    assert stored == Recorded("b", duplicate=False)


async def test_an_event_erased_before_it_is_compared_is_stored_again(
    postgres: Postgres, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recsys.adapters.postgres import interactions

    _fill(owner)
    log = PostgresInteractionLog(postgres)
    await log.record([_event("a")])
    compare = interactions._stored

    async def erase_first(event_ids: set[str], connection: Connection) -> dict[str, Interaction]:
        owner.execute("DELETE FROM interactions")
        return await compare(event_ids, connection)

    monkeypatch.setattr(interactions, "_stored", erase_first)
    assert await log.record([_event("a")]) == [Recorded("a", duplicate=False)]


async def test_a_catalogue_of_several_pages_is_read_whole(postgres: Postgres, owner: psycopg.Connection) -> None:
    _fill(owner, items=2 * PAGE + 1)
    catalog = PostgresCatalog(postgres, SystemClock())
    whole = await catalog.changed_since(0)
    assert [item.item_id for item in whole.items] == list(range(1, 2 * PAGE + 2))
    assert (await catalog.changed_since(whole.revision)).items == []


@pytest.mark.parametrize("statement", [b"TRUNCATE items CASCADE", b"DELETE FROM items WHERE item_id <> 1"])
async def test_items_that_went_away_make_the_reader_begin_anew(
    postgres: Postgres, owner: psycopg.Connection, statement: bytes
) -> None:
    _fill(owner)
    catalog = PostgresCatalog(postgres, SystemClock())
    before = await catalog.changed_since(0)
    owner.execute(statement)
    await catalog.put(Item(9, "New"))
    after = await catalog.changed_since(before.revision)
    left = [1] if statement.startswith(b"DELETE") else []
    assert after.whole
    assert [item.item_id for item in after.items] == [*left, 9]
    nothing = await catalog.changed_since(after.revision)
    assert (nothing.items, nothing.whole) == ([], False)


async def test_an_emptied_catalogue_is_said_once(postgres: Postgres, owner: psycopg.Connection) -> None:
    _fill(owner)
    catalog = PostgresCatalog(postgres, SystemClock())
    before = await catalog.changed_since(0)
    owner.execute("TRUNCATE items CASCADE")
    after = await catalog.changed_since(before.revision)
    assert (after.items, after.whole) == ([], True)
    assert not (await catalog.changed_since(after.revision)).whole


async def test_a_load_that_holds_the_tables_and_a_put_do_not_block_each_other_for_ever(
    postgres: Postgres, owner: psycopg.Connection
) -> None:
    catalog = PostgresCatalog(postgres, SystemClock())
    with owner.transaction():
        owner.execute("LOCK TABLE users, items, categories IN SHARE ROW EXCLUSIVE MODE")
        putting = asyncio.create_task(catalog.put(Item(1, "x", category="New")))
        await asyncio.sleep(0.3)
        owner.execute("INSERT INTO categories (name) VALUES ('Old')")
        owner.execute("INSERT INTO items (item_id, title) VALUES (2, 'Loaded')")
    assert await putting
    assert await catalog.existing([1, 2]) == {1, 2}


async def test_workers_record_one_change_in_one_row(postgres: Postgres, owner: psycopg.Connection) -> None:
    log = PostgresDeploymentLog(postgres)
    seen = Deployment("v1", "publish", NOW, "x")
    await asyncio.gather(*(log.append(replace(seen, reason=f"worker {number}")) for number in range(8)))
    assert owner.execute("SELECT count(*) FROM deployments").fetchone() == (1,)
