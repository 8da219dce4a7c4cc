from __future__ import annotations

from dataclasses import fields

import pytest

from recsys.adapters.clock import SystemClock
from recsys.domain import Item, User
from recsys.errors import InvalidInput
from recsys.settings import Settings
from recsys.stores import check_urls, open_stores
from recsys.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

MEMORY = {
    "RECSTACK_DATABASE_URL": "memory://",
    "RECSTACK_REDIS_URL": "memory://",
    "RECSTACK_MLFLOW_URL": "memory://",
}


async def test_in_memory_everything_is_open_and_shares_one_database() -> None:
    clock = ManualClock()
    async with open_stores(Settings.model_validate(MEMORY), clock) as stores:
        assert [field.name for field in fields(stores) if getattr(stores, field.name) is None] == ["search_index"]
        assert stores.clock is clock
        await stores.catalog.put(Item(1, "Dune", category="Books"))
        user = await stores.users.create(User(0, preferences={"Books": 1.0}, liked_item_ids=(1,)))
        assert await stores.users.get(user.user_id) == user
        assert await stores.registry.champion() is None
        assert set(stores.pings) == {"postgres", "redis", "mlflow"}
        for ping in stores.pings.values():
            await ping()


async def test_the_machine_s_clock_is_the_default() -> None:
    async with open_stores(Settings.model_validate(MEMORY)) as stores:
        assert isinstance(stores.clock, SystemClock)


@pytest.mark.parametrize(
    "url", ["redis://:hunter2@cache/0?socket_timeout=soon", "rediss://:hunter2@cache?ssl_ca_certs=/hunter2"]
)
async def test_a_url_that_its_adapter_cannot_read_is_named_and_not_shown(url: str) -> None:
    settings = Settings.model_validate({**MEMORY, "RECSTACK_REDIS_URL": url})
    with pytest.raises(InvalidInput, match="RECSTACK_REDIS_URL") as checked:
        check_urls(settings)
    with pytest.raises(InvalidInput, match="RECSTACK_REDIS_URL") as opened:
        async with open_stores(settings):
            pass
    assert opened.value.detail == checked.value.detail
    assert "hunter2" not in opened.value.detail


async def test_urls_that_can_be_read_pass() -> None:
    check_urls(Settings.model_validate(MEMORY))
    check_urls(Settings())


def test_the_machine_s_clock_says_utc_and_goes_on() -> None:
    clock = SystemClock()
    offset = clock.now().utcoffset()
    assert offset is not None
    assert offset.total_seconds() == 0
    assert clock.monotonic() <= clock.monotonic()


def test_the_clock_to_turn_by_hand_stands_still() -> None:
    clock = ManualClock()
    start, at = clock.now(), clock.monotonic()
    assert (clock.now(), clock.monotonic()) == (start, at)
    clock.advance(90.5)
    assert (clock.now() - start).total_seconds() == 90.5
    assert clock.monotonic() - at == 90.5


@pytest.mark.parametrize("url", ["http://search.example", "https://me:s%40crt@search.example:9243/path/"])
async def test_an_elasticsearch_with_an_address_is_a_dependency_and_need_not_answer(url: str) -> None:
    settings = Settings.model_validate({**MEMORY, "RECSTACK_ELASTICSEARCH_URL": url})
    async with open_stores(settings, ManualClock()) as stores:
        assert stores.search_index is not None
        assert set(stores.pings) == {"postgres", "redis", "mlflow", "elasticsearch"}
