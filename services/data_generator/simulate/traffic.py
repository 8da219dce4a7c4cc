"""Visitors come and go, and take turns at the pace that was asked for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Protocol

import numpy as np

from data_generator.simulate.client import Away, Refused
from data_generator.simulate.pace import Pace
from data_generator.simulate.visitor import Site, Visitor

MIN_VISITORS, MAX_VISITORS = 8, 200
"""At the same time: so many calls can be under way, and no more."""
VISITORS_PER_RATE = 1.0
NEWCOMERS = 0.02
"""Share of the visits that begin with signing up."""
FIRST_PROBE_SECONDS, LONGEST_PROBE_SECONDS = 0.5, 15.0
LONGEST_PAUSE_SECONDS = 0.5
CLOSE_SECONDS = 3.0
"""Calls that are under way at the end may take so long."""
MINUTE = 60.0


class Watch(Protocol):
    """Who is told how it goes."""

    def say(self, sentence: str) -> None: ...

    def minute(self) -> None:
        """Called once a minute."""


class _Closed(Exception):
    """The end has come before the visitor's turn."""


class Traffic:
    """`rate` actions a second: each is a turn that goes to a visitor, or is skipped where nobody can take it."""

    def __init__(self, site: Site, rate: float, seeds: np.random.SeedSequence, watch: Watch) -> None:
        self._site, self._rate, self._seeds, self._watch = site, rate, seeds, watch
        self._room = int(np.clip(VISITORS_PER_RATE * rate, MIN_VISITORS, MAX_VISITORS))
        self._rng = np.random.default_rng(seeds.spawn(1)[0])
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._visits: set[asyncio.Task[None]] = set()
        self._recovery: asyncio.Task[None] | None = None
        self._is_closing = False

    async def run(self, stop: asyncio.Event, duration: float | None) -> None:
        """Until `stop` is set or `duration` seconds are over."""
        clock = asyncio.get_running_loop().time
        begin = clock()
        pace, end, next_minute = Pace(self._rate, begin), begin + (duration or float("inf")), begin + MINUTE
        async with asyncio.TaskGroup() as group:
            while not stop.is_set() and clock() < end:
                await _wait(stop, min(pace.wait(clock()), LONGEST_PAUSE_SECONDS, end - clock()))
                usable, late = pace.due(clock())
                self._site.tally.skipped += late
                for _ in range(usable):
                    self._give_turn(group.create_task)
                if clock() >= next_minute:
                    next_minute += MINUTE
                    self._watch.minute()
            await self._close()

    def _give_turn(self, start: Callable[..., asyncio.Task[None]]) -> None:
        if self._recovery is not None:
            self._site.tally.skipped += 1
        elif len(self._visits) < self._room:
            visit = start(self._visit(start))
            self._visits.add(visit)
            visit.add_done_callback(self._visits.discard)
        elif self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._site.tally.skipped += 1

    async def _visit(self, start: Callable[..., asyncio.Task[None]]) -> None:
        is_first = True

        async def turn() -> None:
            nonlocal is_first
            if self._is_closing:
                raise _Closed
            if not is_first:
                await self._queue()
            is_first = False

        people, rng = self._site.people, np.random.default_rng(self._seeds.spawn(1)[0])
        visitor = Visitor(rng, self._site, people.someone(self._rng), turn)
        self._site.tally.sessions += 1
        try:
            if rng.random() < NEWCOMERS:
                await visitor.sign_up()
            await visitor.visit()
        except _Closed:
            pass
        except Refused as refused:
            if refused.status == HTTPStatus.GONE:
                people.left(visitor.person)
        except Away:
            if self._recovery is None and not self._is_closing:
                self._recovery = start(self._recover())

    async def _queue(self) -> None:
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(ticket)
        await ticket

    async def _recover(self) -> None:
        """Ask whether the API is ready, less and less often, until it is."""
        clock = asyncio.get_running_loop().time
        began, wait, is_said = clock(), FIRST_PROBE_SECONDS, False
        while await self._site.client.readiness() != HTTPStatus.OK:
            if not is_said:
                self._watch.say("The API does not answer: traffic waits for it.")
                is_said = True
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_PROBE_SECONDS)
        if is_said:
            self._watch.say(f"The API answers again, after {clock() - began:.0f} s.")
        self._recovery = None

    async def _close(self) -> None:
        """Send those who wait home, let calls end that are under way."""
        self._is_closing = True
        while self._waiting:
            self._waiting.popleft().set_exception(_Closed())
        if self._recovery:
            self._recovery.cancel()
        if self._visits:
            _, late = await asyncio.wait(self._visits, timeout=CLOSE_SECONDS)
            for visit in late:
                visit.cancel()


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), max(seconds, 0.0))
