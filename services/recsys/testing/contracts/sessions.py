"""`Sessions`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from recsys.adapters.sessions import CLOSING_SECONDS, MAX_EVENTS
from recsys.domain import GUEST, EventType, Interaction
from recsys.errors import Conflict, InvalidInput, NotFound
from recsys.ports import Sessions
from recsys.testing.clock import ManualClock

LIST = "5f0c1b1a-6a4e-4a47-9d1b-0c8c3c1f7a11"
STRANGERS = ["", "nobody", "x" * 32, "\0", "\ud800", "é" * 40]
Pass = Callable[[float], Awaitable[None]]
BRIEF_SECONDS = 0.5


class SessionsContract:
    """Beside `sessions`, `brief` gives one whose sessions end after `BRIEF_SECONDS`, and `let_pass` lets time pass."""

    def _event(self, clock: ManualClock, event_id: str, item_id: int = 1, **fields: object) -> Interaction:
        event = Interaction(event_id, GUEST, item_id, EventType.LIKE, clock.now())
        return replace(event, **fields)  # type: ignore[arg-type]

    async def test_a_new_session_is_empty_and_its_id_cannot_be_guessed(self, sessions: Sessions) -> None:
        ids = [await sessions.begin() for _ in range(20)]
        assert len(set(ids)) == 20
        assert all(re.fullmatch(r"[\w-]{32}", session_id) for session_id in ids)
        assert await sessions.events(ids[0]) == []

    async def test_events_come_back_whole_and_oldest_first(self, sessions: Sessions, clock: ManualClock) -> None:
        session_id = await sessions.begin()
        rated = self._event(clock, "b", 7, type=EventType.RATING, value=4.5, recommendation_id=LIST)
        earlier = self._event(clock, "c é\n", 9, occurred_at=clock.now() - timedelta(days=1, microseconds=1))
        untimed = self._event(clock, "a", timed_by_server=True)
        for event in (rated, untimed, earlier):
            assert not (await sessions.record(session_id, event)).duplicate
        found = await sessions.events(session_id)
        assert found == [earlier, untimed, rated]
        assert [event.timed_by_server for event in found] == [False, True, False]

    async def test_sessions_are_apart(self, sessions: Sessions, clock: ManualClock) -> None:
        one, other = await sessions.begin(), await sessions.begin()
        await sessions.record(one, self._event(clock, "a"))
        assert await sessions.events(other) == []

    async def test_a_repeated_event_counts_once_and_other_content_conflicts(
        self, sessions: Sessions, clock: ManualClock
    ) -> None:
        session_id, event = await sessions.begin(), self._event(clock, "a", timed_by_server=True)
        first = await sessions.record(session_id, event)
        again = await sessions.record(session_id, replace(event, occurred_at=clock.now() + timedelta(seconds=3)))
        assert (first.duplicate, again.duplicate) == (False, True)
        with pytest.raises(Conflict):
            await sessions.record(session_id, replace(event, item_id=2))
        assert await sessions.events(session_id) == [event]

    @pytest.mark.parametrize("session_id", STRANGERS)
    async def test_an_unknown_session_is_not_found_and_does_not_come_into_being(
        self, sessions: Sessions, clock: ManualClock, session_id: str
    ) -> None:
        for _ in range(2):
            with pytest.raises(NotFound):
                await sessions.record(session_id, self._event(clock, "a"))
            with pytest.raises(NotFound):
                await sessions.close(session_id)
            with pytest.raises(NotFound):
                await sessions.events(session_id)
            await sessions.reopen(session_id, "0")
            await sessions.end(session_id, "0")

    async def test_what_a_user_s_history_could_not_hold_is_refused(
        self, sessions: Sessions, clock: ManualClock
    ) -> None:
        session_id = await sessions.begin()
        with pytest.raises(InvalidInput):
            await sessions.record(session_id, self._event(clock, "nul\0"))
        assert await sessions.events(session_id) == []

    async def test_it_ends_some_time_after_it_was_last_used(
        self, brief: Sessions, clock: ManualClock, let_pass: Pass
    ) -> None:
        used, read, left = [await brief.begin() for _ in range(3)]
        event = self._event(clock, "a")
        for _ in range(3):
            await let_pass(0.5 * BRIEF_SECONDS)
            await brief.record(used, event)
            await brief.events(read)
        with pytest.raises(NotFound):
            await brief.events(left)
        await let_pass(1.1 * BRIEF_SECONDS)
        for session_id in (used, read):
            with pytest.raises(NotFound):
                await brief.record(session_id, self._event(clock, "b"))

    async def test_one_guest_cannot_fill_the_store(self, sessions: Sessions, clock: ManualClock) -> None:
        session_id = await sessions.begin()
        events = [self._event(clock, f"{number}") for number in range(MAX_EVENTS)]
        await asyncio.gather(*(sessions.record(session_id, event) for event in events))
        with pytest.raises(Conflict, match=str(MAX_EVENTS)):
            await sessions.record(session_id, self._event(clock, "more"))
        assert (await sessions.record(session_id, events[0])).duplicate
        assert len(await sessions.events(session_id)) == MAX_EVENTS

    async def test_a_closed_session_gives_its_events_and_takes_none(
        self, sessions: Sessions, clock: ManualClock
    ) -> None:
        session_id, event = await sessions.begin(), self._event(clock, "a")
        await sessions.record(session_id, event)
        assert (await sessions.close(session_id)).events == [event]
        for late in ("a", "b"):
            with pytest.raises(Conflict):
                await sessions.record(session_id, self._event(clock, late))
        assert await sessions.events(session_id) == [event]

    async def test_one_that_was_not_merged_goes_on(self, sessions: Sessions, clock: ManualClock) -> None:
        session_id = await sessions.begin()
        closed = await sessions.close(session_id)
        await sessions.reopen(session_id, closed.token)
        assert not (await sessions.record(session_id, self._event(clock, "a"))).duplicate

    async def test_one_whose_merge_died_goes_on_after_a_while(self, sessions: Sessions, clock: ManualClock) -> None:
        session_id = await sessions.begin()
        await sessions.close(session_id)
        clock.advance(CLOSING_SECONDS - 1)
        with pytest.raises(Conflict):
            await sessions.record(session_id, self._event(clock, "a"))
        clock.advance(2)
        await sessions.record(session_id, self._event(clock, "a"))

    async def test_only_who_closed_it_last_reopens_or_ends_it(self, sessions: Sessions, clock: ManualClock) -> None:
        session_id = await sessions.begin()
        first, last = await sessions.close(session_id), await sessions.close(session_id)
        await sessions.reopen(session_id, first.token)
        await sessions.end(session_id, first.token)
        with pytest.raises(Conflict):
            await sessions.record(session_id, self._event(clock, "a"))
        await sessions.end(session_id, last.token)
        with pytest.raises(NotFound):
            await sessions.events(session_id)
