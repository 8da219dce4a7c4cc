"""`InteractionLog` and event ids that come again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from recsys.domain import EventType
from recsys.errors import Conflict, NotFound
from recsys.ports import Recorded
from recsys.testing.contracts.interactions import LIST_ID, Shop, WithShop

OTHER_CONTENT: dict[str, dict[str, object]] = {
    "item": {"item_id": 2},
    "type": {"type": EventType.CLICK},
    "list": {"recommendation_id": LIST_ID},
}


class RepeatedEventsContract(WithShop):
    async def test_the_same_event_again_is_a_duplicate(self, shop: Shop) -> None:
        event = replace(shop.event("e"), type=EventType.RATING, value=4.3, recommendation_id=LIST_ID)
        assert await shop.record(event, event) == [
            Recorded("e", duplicate=False),
            Recorded("e", duplicate=True),
        ]
        assert await shop.record(event) == [Recorded("e", duplicate=True)]
        assert len(await shop.history()) == 1

    @pytest.mark.parametrize("change", OTHER_CONTENT.values(), ids=OTHER_CONTENT.keys())
    async def test_other_content_is_a_conflict(self, shop: Shop, change: dict[str, object]) -> None:
        event = shop.event("e")
        other = replace(event, **change)  # type: ignore[arg-type]
        stored, within = await shop.record(event, other)
        (across,) = await shop.record(other)
        assert stored == Recorded("e", duplicate=False)
        for result in (within, across):
            assert isinstance(result, Conflict)
            assert [problem.field for problem in result.fields] == ["event_id"]
        assert await shop.history() == [event]

    async def test_another_user_s_event_is_a_conflict(self, shop: Shop) -> None:
        event = shop.event("e")
        _, result = await shop.record(event, replace(event, user_id=shop.other_id))
        assert isinstance(result, Conflict)

    async def test_another_rating_is_a_conflict(self, shop: Shop) -> None:
        event = replace(shop.event("e"), type=EventType.RATING, value=4.3)
        _, result = await shop.record(event, replace(event, value=4.4))
        assert isinstance(result, Conflict)

    async def test_another_stated_time_is_a_conflict(self, shop: Shop) -> None:
        event = shop.event("e")
        await shop.record(event)
        (result,) = await shop.record(replace(event, occurred_at=event.occurred_at + timedelta(seconds=1)))
        assert isinstance(result, Conflict)

    @pytest.mark.parametrize(("first", "second"), [(True, True), (True, False), (False, True)])
    async def test_a_time_that_the_server_set_is_no_content(self, shop: Shop, first: bool, second: bool) -> None:
        event = replace(shop.event("e"), timed_by_server=first)
        later = replace(event, occurred_at=event.occurred_at + timedelta(seconds=1), timed_by_server=second)
        await shop.record(event)
        assert await shop.record(later) == [Recorded("e", duplicate=True)]
        assert await shop.history() == [event]

    async def test_one_moment_in_two_time_zones_is_the_same(self, shop: Shop) -> None:
        from zoneinfo import ZoneInfo

        event = shop.event("e")
        await shop.record(event)
        elsewhere = replace(event, occurred_at=event.occurred_at.astimezone(ZoneInfo("Asia/Tokyo")))
        assert await shop.record(elsewhere) == [Recorded("e", duplicate=True)]

    async def test_one_list_id_in_two_spellings_is_the_same(self, shop: Shop) -> None:
        event = replace(shop.event("e"), recommendation_id=LIST_ID)
        await shop.record(event)
        spelled = replace(event, recommendation_id=LIST_ID.upper())
        assert await shop.record(spelled) == [Recorded("e", duplicate=True)]

    async def test_the_first_event_that_can_be_stored_takes_the_id(self, shop: Shop) -> None:
        nothing, good, other = shop.event("e", item_id=99), shop.event("e"), shop.event("e", item_id=2)
        results = await shop.record(nothing, good, other, good)
        assert isinstance(results[0], NotFound)
        assert results[1] == Recorded("e", duplicate=False)
        assert isinstance(results[2], Conflict)
        assert results[3] == Recorded("e", duplicate=True)
        assert await shop.history() == [good]
