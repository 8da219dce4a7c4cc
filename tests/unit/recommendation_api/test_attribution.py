"""Events that name a list are counted for the algorithm that made it, and for no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

import pytest

from recommendation_api import attribution as module
from recommendation_api.attribution import PATIENCE_SECONDS, Attribution
from recommendation_api.catalogue import CatalogueMirror
from recsys.adapters.memory import MemoryDatabase, MemoryRecommendationLog
from recsys.domain import EventType, Interaction
from recsys.errors import Unavailable
from recsys.ports import KeptList
from recsys.stores import Stores
from recsys.testing.clock import ManualClock

from .conftest import Api, sample

pytestmark = pytest.mark.anyio

LISTED, OTHER = 7, 8


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GATHER_SECONDS", 0.001)


@pytest.fixture
async def attribution(stores: Stores) -> AsyncIterator[Attribution]:
    catalogue = CatalogueMirror(stores.catalog, poll_seconds=60)
    await catalogue.start()
    opened = Attribution(stores.lists, catalogue, stores.clock)
    yield opened
    await opened.aclose()
    await catalogue.aclose()


def event(
    recommendation_id: str | None, *, user_id: int = 1, item_id: int = LISTED, kind: str = "click"
) -> Interaction:
    at = ManualClock().now()
    return Interaction(str(uuid4()), user_id, item_id, EventType(kind), at, recommendation_id=recommendation_id)


def kept(stores: Stores, recommendation_id: str) -> KeptList:
    return KeptList(recommendation_id, 1, "v1", "als", [LISTED, 9], stores.clock.now())


def attributed(algorithm: str = "als", kind: str = "click") -> float:
    return sample("recstack_attributed_events_total", algorithm=algorithm, type=kind)


def unattributed(reason: str) -> float:
    return sample("recstack_unattributed_events_total", reason=reason)


async def until(reached: Any) -> None:
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110 - a counter has no event to wait for
            await asyncio.sleep(0.005)


async def test_an_event_counts_for_the_algorithm_of_its_list(attribution: Attribution, stores: Stores) -> None:
    named = str(uuid4())
    await stores.lists.keep([kept(stores, named)])
    before, others = attributed(), attributed("hybrid")
    attribution.start()
    for told in (named, None, named):
        attribution.offer(event(told))
    await until(lambda: attributed() == before + 2)
    assert attributed("hybrid") == others


async def test_a_list_that_is_kept_a_moment_later_is_waited_for(attribution: Attribution, stores: Stores) -> None:
    named, before = str(uuid4()), attributed()
    attribution.start()
    attribution.offer(event(named))
    await asyncio.sleep(0.05)
    assert attributed() == before
    await stores.lists.keep([kept(stores, named)])
    await until(lambda: attributed() == before + 1)


async def test_bought_items_bring_their_price(
    attribution: Attribution, stores: Stores, database: MemoryDatabase
) -> None:
    named, before = str(uuid4()), sample("recstack_attributed_revenue_total", algorithm="als")
    await stores.lists.keep([kept(stores, named)])
    price = database.items[LISTED][0].price
    assert price
    attribution.start()
    attribution.offer(event(named, kind="purchase"))
    attribution.offer(event(named, kind="like"))
    await until(lambda: sample("recstack_attributed_revenue_total", algorithm="als") > before)
    assert sample("recstack_attributed_revenue_total", algorithm="als") == pytest.approx(before + price)


@pytest.mark.parametrize(("changes", "reason"), [({"user_id": 2}, "other_user"), ({"item_id": OTHER}, "not_in_list")])
async def test_what_does_not_fit_the_list_counts_for_nobody(
    attribution: Attribution, stores: Stores, changes: dict[str, int], reason: str
) -> None:
    named, before, clicks = str(uuid4()), unattributed(reason), attributed()
    await stores.lists.keep([kept(stores, named)])
    attribution.start()
    attribution.offer(event(named, **changes))  # type: ignore[arg-type]
    await until(lambda: unattributed(reason) == before + 1)
    assert attributed() == clicks


async def test_a_list_that_nobody_knows_is_given_up_after_a_while(
    attribution: Attribution, database: MemoryDatabase
) -> None:
    before = unattributed("unknown_list")
    attribution.start()
    attribution.offer(event(str(uuid4())))
    await asyncio.sleep(0.05)
    assert unattributed("unknown_list") == before
    assert isinstance(database.clock, ManualClock)
    database.clock.advance(PATIENCE_SECONDS)
    await until(lambda: unattributed("unknown_list") == before + 1)


async def test_a_list_that_is_no_longer_kept_counts_for_nobody(
    attribution: Attribution, stores: Stores, database: MemoryDatabase
) -> None:
    named, before, clicks = str(uuid4()), unattributed("unknown_list"), attributed()
    await stores.lists.keep([kept(stores, named)])
    assert isinstance(database.clock, ManualClock)
    database.clock.advance(3600)
    assert await stores.lists.forget_before(database.clock.now()) == 1
    attribution.start()
    attribution.offer(event(named))
    await asyncio.sleep(0.05)
    database.clock.advance(PATIENCE_SECONDS)
    await until(lambda: unattributed("unknown_list") == before + 1)
    assert attributed() == clicks


async def test_an_outage_is_waited_out_and_no_event_lost(
    attribution: Attribution, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, before = str(uuid4()), attributed()
    await stores.lists.keep([kept(stores, named)])
    find, away = MemoryRecommendationLog.find, [True]

    async def sometimes(log: MemoryRecommendationLog, ids: Sequence[str]) -> Mapping[str, KeptList]:
        if away[0]:
            raise Unavailable("away", dependency="postgres")
        return await find(log, ids)

    monkeypatch.setattr(MemoryRecommendationLog, "find", sometimes)
    failures = sample("recstack_background_errors_total", task="attribution")
    attribution.start()
    attribution.offer(event(named))
    await until(lambda: sample("recstack_background_errors_total", task="attribution") > failures)
    away[0] = False
    await until(lambda: attributed() == before + 1)


async def test_more_events_than_may_wait_are_counted_and_let_go(
    attribution: Attribution, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    named, before, full = str(uuid4()), attributed(), unattributed("queue_full")
    await stores.lists.keep([kept(stores, named)])
    for _ in range(5):
        attribution.offer(event(named))
    assert unattributed("queue_full") == full + 3
    await attribution.aclose()
    assert attributed() == before + 2


async def test_a_click_on_an_answer_counts_once_for_its_algorithm(api: Api) -> None:
    body = {"user_id": 3, "num_recommendations": 5, "algorithm": "item_based"}
    answer = (await api.client.post("/recommendations", json=body)).json()
    click = {"user_id": 3, "item_id": answer["recommendations"][2]["item_id"], "type": "click", "event_id": "one"}
    click["recommendation_id"] = answer["recommendation_id"]
    before, lag = attributed("item_based"), sample("recstack_event_to_effect_seconds_count")
    statuses = [(await api.client.post("/interactions", json=click)).status_code for _ in range(2)]
    assert statuses == [201, 200]
    await until(lambda: attributed("item_based") == before + 1)
    assert sample("recstack_event_to_effect_seconds_count") == lag + 2
    await asyncio.sleep(0.05)
    assert attributed("item_based") == before + 1
