"""`InteractionLog`, but for event ids that come again."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from recsys.domain import MAX_ID, EventType, Interaction, Item
from recsys.errors import InvalidInput, NotFound
from recsys.ports import Recorded
from recsys.testing.contracts.database import Database

LIST_ID = "0b7e1c52-5d0a-4a5e-9f55-6f2d3c1a9b10"
BAD_EVENTS: dict[str, dict[str, object]] = {
    "event_id": {"event_id": " "},
    "event_id ": {"event_id": "x" * 129},
    "event_id  ": {"event_id": "nul\0"},
    "event_id   ": {"event_id": "half \ud83d"},
    "user_id": {"user_id": 0},
    "item_id": {"item_id": MAX_ID + 1},
    "value": {"type": EventType.RATING},
    "value ": {"type": EventType.RATING, "value": float("nan")},
    "value  ": {"type": EventType.RATING, "value": 5.5},
    "value   ": {"value": 3.0},
    "recommendation_id": {"recommendation_id": "the last one"},
}


@dataclass(frozen=True, slots=True)
class Shop:
    database: Database
    user_id: int
    other_id: int

    def event(self, event_id: str | None = None, *, item_id: int = 1) -> Interaction:
        return self.database.event(self.user_id, item_id, event_id)

    async def record(self, *events: Interaction) -> list[Recorded | Exception]:
        return list(await self.database.interactions.record(events))

    async def history(self) -> list[Interaction]:
        return list((await self.database.interactions.histories([self.user_id]))[self.user_id])


class WithShop:
    @pytest.fixture
    async def shop(self, database: Database) -> Shop:
        """Items 1 to 5 and two users."""
        for item_id in range(1, 6):
            await database.item(item_id)
        return Shop(database, await database.user(), await database.user())


class InteractionLogContract(WithShop):
    async def test_events_come_back_oldest_first(self, shop: Shop) -> None:
        late = shop.event("late", item_id=2)
        just_before = late.occurred_at - timedelta(microseconds=1)
        early = replace(shop.event("early"), occurred_at=just_before, type=EventType.RATING, value=4.5)
        named = replace(
            shop.event("named"), recommendation_id=LIST_ID, occurred_at=late.occurred_at - timedelta(days=1)
        )
        assert await shop.record(late, early, named) == [
            Recorded("late", duplicate=False),
            Recorded("early", duplicate=False),
            Recorded("named", duplicate=False),
        ]
        assert await shop.history() == [named, early, late]

    async def test_events_of_one_moment_stand_in_the_order_of_their_ids(self, shop: Shop) -> None:
        await shop.record(*(shop.event(name) for name in "bdac"))
        assert [event.event_id for event in await shop.history()] == ["a", "b", "c", "d"]

    async def test_every_type_is_kept(self, shop: Shop) -> None:
        events = [
            replace(shop.event(kind.value), type=kind, value=2.5 if kind is EventType.RATING else None)
            for kind in EventType
        ]
        await shop.record(*events)
        assert {event.event_id: event for event in await shop.history()} == {event.event_id: event for event in events}

    async def test_histories_are_each_user_s_own(self, shop: Shop) -> None:
        database = shop.database
        mine, others = shop.event("mine"), database.event(shop.other_id, 2, "others")
        await shop.record(mine, others)
        histories = await database.interactions.histories([shop.other_id, shop.user_id, MAX_ID])
        assert {user_id: list(events) for user_id, events in histories.items()} == {
            shop.user_id: [mine],
            shop.other_id: [others],
            MAX_ID: [],
        }
        assert dict(await database.interactions.histories([])) == {}

    async def test_recent_is_newest_first_and_limited(self, shop: Shop) -> None:
        events = []
        for number in range(4):
            shop.database.clock.advance(1)
            events.append(shop.event(str(number)))
        await shop.record(*events)
        recent = await shop.database.interactions.recent(shop.user_id, 3)
        assert list(recent) == events[:0:-1]
        assert list(await shop.database.interactions.recent(shop.other_id, 3)) == []

    async def test_each_row_has_a_result_of_its_own(self, shop: Shop) -> None:
        results = await shop.record(
            shop.event("good"),
            replace(shop.event("nobody"), user_id=MAX_ID),
            shop.event("nothing", item_id=99),
            replace(shop.event("bad"), value=1.0),
            shop.event("fine"),
        )
        assert results[0] == Recorded("good", duplicate=False)
        assert isinstance(results[1], NotFound)
        assert [problem.field for problem in results[1].fields] == ["user_id"]
        assert isinstance(results[2], NotFound)
        assert [problem.field for problem in results[2].fields] == ["item_id"]
        assert isinstance(results[3], InvalidInput)
        assert results[4] == Recorded("fine", duplicate=False)
        assert [event.event_id for event in await shop.history()] == ["fine", "good"]

    @pytest.mark.parametrize("field", BAD_EVENTS)
    async def test_an_event_that_cannot_be_is_refused_by_field(self, shop: Shop, field: str) -> None:
        good = shop.event("good")
        refused, stored = await shop.record(replace(shop.event("x"), **BAD_EVENTS[field]), good)  # type: ignore[arg-type]
        assert isinstance(refused, InvalidInput)
        assert [problem.field for problem in refused.fields] == [field.strip()]
        assert stored == Recorded("good", duplicate=False)
        assert await shop.history() == [good]

    async def test_a_time_without_zone_is_refused(self, shop: Shop) -> None:
        event = shop.event()
        (result,) = await shop.record(replace(event, occurred_at=event.occurred_at.replace(tzinfo=None)))
        assert isinstance(result, InvalidInput)

    async def test_an_empty_batch_is_nothing(self, shop: Shop) -> None:
        assert await shop.record() == []

    async def test_events_on_unavailable_items_are_stored(self, shop: Shop) -> None:
        await shop.database.catalog.put(Item(1, "Gone", available_until=shop.database.clock.now()))
        assert await shop.record(shop.event("late")) == [Recorded("late", duplicate=False)]

    async def test_batches_at_once_that_share_events_lose_none(self, shop: Shop) -> None:
        events = [shop.event(f"event-{number}", item_id=1 + number % 5) for number in range(200)]
        batches = []
        for seed in range(4):
            batch = events.copy()
            random.Random(seed).shuffle(batch)  # noqa: S311
            batches.append(batch)
        results = await asyncio.gather(*(shop.database.interactions.record(batch) for batch in batches))
        stored = [result for batch in results for result in batch if isinstance(result, Recorded)]
        assert len(stored) == 800
        assert sum(not result.duplicate for result in stored) == 200
        assert {event.event_id for event in await shop.history()} == {event.event_id for event in events}
