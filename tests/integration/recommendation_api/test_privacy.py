"""Erasure over the real stores: other workers, outages, and what is written at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
import pytest
import redis

from native.ports import free_port
from native.providers.postgres import PostgresServer
from recommendation_api import erasing
from recommendation_api.app import create_app
from recsys.errors import Erased, Unavailable
from recsys.pseudonyms import HASH_BYTES
from recsys.settings import Settings
from recsys.stores import open_stores
from recsys.testing.asgi import speaking_to

from .relay import Relay

pytestmark = [pytest.mark.integration, pytest.mark.anyio]

SOMEBODY = 7
PREFIX = b"recstack:recommendations:"


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with speaking_to(create_app(settings)) as client:
        yield client


def rows_of(settings: Settings, user_id: int) -> int:
    with psycopg.connect(settings.database_url) as connection:
        query = (
            "SELECT (SELECT count(*) FROM users WHERE user_id = %(id)s)"
            " + (SELECT count(*) FROM interactions WHERE user_id = %(id)s)"
        )
        row = connection.execute(query, {"id": user_id}).fetchone()
    return int(row[0]) if row else 0


def changed(settings: Settings, **values: object) -> Settings:
    aliases = {name: field.alias or name for name, field in Settings.model_fields.items()}
    return Settings.model_validate(
        {aliases[name]: value for name, value in {**settings.model_dump(), **values}.items() if value is not None}
    )


@pytest.mark.parametrize("poll_seconds", [60, 0.05], ids=["by asking", "by looking"])
async def test_another_worker_refuses_at_once_and_no_longer_uses_the_row(
    client: httpx.AsyncClient, settings: Settings, poll_seconds: float
) -> None:
    """Before its next look it asks the database of whom it does not know."""
    async with speaking_to(create_app(changed(settings, catalogue_poll_seconds=poll_seconds))) as other:
        before = (await other.get(f"/users/{SOMEBODY}/similar", params={"num_users": 500})).json()["users"]
        alike = before[0]["user_id"]
        await other.post("/recommendations", json={"user_id": SOMEBODY})
        assert (await client.delete(f"/users/{SOMEBODY}")).status_code == httpx.codes.OK
        event = {"user_id": SOMEBODY, "item_id": 1, "type": "view"}
        for method, address, body in (
            ("GET", f"/users/{SOMEBODY}/profile", None),
            ("POST", "/interactions", event),
            ("POST", "/recommendations", {"user_id": SOMEBODY}),
        ):
            answer = await other.request(method, address, json=body)
            assert answer.status_code == httpx.codes.GONE, answer.text
        await asyncio.sleep(0.2)
        after = (await other.get(f"/users/{alike}/similar", params={"num_users": 500})).json()["users"]
        assert SOMEBODY not in {each["user_id"] for each in after}


async def test_with_postgres_away_nothing_is_half_erased(settings: Settings, redis_url: str) -> None:
    port = urlsplit(settings.database_url).port
    assert port is not None
    relay = Relay(port)
    await relay.open()
    through = settings.database_url.replace(f":{port}/", f":{relay.port}/")
    async with speaking_to(create_app(changed(settings, database_url=through))) as cut_off:
        await cut_off.post("/recommendations", json={"user_id": SOMEBODY})
        before = rows_of(settings, SOMEBODY)
        await relay.cut()
        answer = await cut_off.delete(f"/users/{SOMEBODY}")
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
        assert int(answer.headers["Retry-After"]) > 0
        listed = await cut_off.post("/recommendations", json={"user_id": SOMEBODY})
        assert listed.status_code == httpx.codes.OK
    assert rows_of(settings, SOMEBODY) == before > 1
    with redis.Redis.from_url(redis_url) as cache:
        assert cache.exists(PREFIX + b"%d" % SOMEBODY)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("knew", [True, False], ids=["with a copy", "without a copy"])
async def test_a_start_without_postgres_uses_nobody_who_may_be_erased(
    client: httpx.AsyncClient, settings: Settings, tmp_path: Path, *, knew: bool
) -> None:
    """The copy holds hashes alone, and is what the service before knew last."""
    await client.delete(f"/users/{SOMEBODY}")
    (copy,) = [path for path in _files(tmp_path) if path.name == "erased"]
    assert copy.stat().st_size == HASH_BYTES
    if not knew:
        copy.unlink()
    nowhere = settings.database_url.replace(f":{urlsplit(settings.database_url).port}/", f":{free_port()}/")
    async with speaking_to(create_app(changed(settings, database_url=nowhere))) as alone:
        answer = await alone.post("/recommendations", json={"user_id": SOMEBODY})
        other = (await alone.post("/recommendations", json={"user_id": SOMEBODY + 1})).json()
    assert answer.status_code == (httpx.codes.GONE if knew else httpx.codes.OK)
    assert knew or answer.json()["cold_start"] is True
    assert other["cold_start"] is not knew


async def test_an_erasure_that_fails_at_its_end_has_erased_nothing(settings: Settings) -> None:
    """A table that points at users under another name holds the user's row."""
    before = rows_of(settings, SOMEBODY)
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE invoices (buyer bigint REFERENCES users)")
        connection.execute("INSERT INTO invoices VALUES (%s)", (SOMEBODY,))
    async with open_stores(settings) as stores:
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            await stores.erasures.erase(SOMEBODY)
        assert (await stores.erasures.tombstones(0)).hashes == frozenset()
    assert rows_of(settings, SOMEBODY) == before > 1


async def test_with_redis_away_the_rest_is_erased_and_redis_follows_when_it_is_back(
    settings: Settings, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "TURN_SECONDS", 0.05)
    port = urlsplit(redis_url).port
    assert port is not None
    relay = Relay(port)
    await relay.open()
    through = redis_url.replace(f":{port}/", f":{relay.port}/")
    key = PREFIX + b"%d" % SOMEBODY
    async with speaking_to(create_app(changed(settings, redis_url=through))) as cut_off:
        await cut_off.post("/recommendations", json={"user_id": SOMEBODY})
        await relay.cut()
        receipt = (await cut_off.delete(f"/users/{SOMEBODY}")).json()
        assert {each["store"]: each["state"] for each in receipt["stores"]}["redis"] == "pending"
        assert (await cut_off.get(f"/users/{SOMEBODY}/profile")).status_code == httpx.codes.GONE
        with redis.Redis.from_url(redis_url) as cache:
            assert cache.exists(key)
            await relay.open()
            for _ in range(100):
                found = (await cut_off.get(f"/erasures/{receipt['receipt_id']}")).json()
                if {each["store"]: each["state"] for each in found["stores"]}["redis"] == "done":
                    break
                await asyncio.sleep(0.1)
            assert {each["store"]: each["state"] for each in found["stores"]}["redis"] == "done"
            assert not cache.exists(key)
    await relay.cut()


async def test_an_event_whose_transaction_is_open_is_waited_for_and_erased(settings: Settings) -> None:
    before = rows_of(settings, SOMEBODY) - 1
    async with open_stores(settings) as stores:
        writer = await psycopg.AsyncConnection.connect(settings.database_url)
        insert = (
            "INSERT INTO interactions (event_id, user_id, item_id, type, occurred_at) VALUES (%s, %s, 1, 'view', now())"
        )
        await writer.execute(insert, (str(uuid4()), SOMEBODY))
        erasure = asyncio.create_task(stores.erasures.erase(SOMEBODY))
        await asyncio.sleep(0.2)
        assert not erasure.done()
        await writer.commit()
        assert (await erasure).removed["interactions"] == before + 1
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            await writer.execute(insert, (str(uuid4()), SOMEBODY))
        await writer.close()
    assert rows_of(settings, SOMEBODY) == 0


async def test_when_too_many_wait_for_the_cache_nobody_is_erased(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsys.adapters.postgres.erasures.MAX_WAITING", 1)
    async with open_stores(settings) as stores:
        first = await stores.erasures.erase(SOMEBODY)
        before = rows_of(settings, SOMEBODY + 1)
        with pytest.raises(Unavailable) as refused:
            await stores.erasures.erase(SOMEBODY + 1)
        assert refused.value.retry_after > 0
        assert rows_of(settings, SOMEBODY + 1) == before > 1
        await stores.erasures.settle("redis", [first.receipt_id])
        await stores.erasures.erase(SOMEBODY + 1)


async def test_an_erasure_may_take_longer_than_other_calls(settings: Settings) -> None:
    """Of a user with millions of events; here the database is slow."""
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_sleep(0.6); RETURN OLD; END'"
        )
        connection.execute("CREATE TRIGGER linger BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION linger()")
    async with open_stores(changed(settings, dependency_timeout_seconds=0.2)) as stores:
        await stores.erasures.erase(SOMEBODY)
    assert rows_of(settings, SOMEBODY) == 0


async def test_two_who_erase_at_once_erase_once(settings: Settings) -> None:
    async with open_stores(settings) as stores:
        outcomes = await asyncio.gather(*(stores.erasures.erase(SOMEBODY) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(outcome, Erased) for outcome in outcomes) == 3


async def test_no_log_of_the_database_names_anybody(
    client: httpx.AsyncClient, settings: Settings, postgres_server: PostgresServer
) -> None:
    """Violated constraints are logged, with the values only in their details."""
    external_id = f"crm-{uuid4()}"
    assert (await client.post("/users", json={"external_id": external_id})).status_code == httpx.codes.CREATED
    assert (await client.post("/users", json={"external_id": external_id})).status_code == httpx.codes.CONFLICT
    somebody = 7_000_000_001_234_567
    with psycopg.connect(settings.database_url) as connection, pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.execute("INSERT INTO hidden_items VALUES (%s, 1, now())", (somebody,))
    log = (postgres_server.data.parent / "server.log").read_text()
    assert "users_external_id_key" in log
    assert external_id not in log
    assert str(somebody) not in log
