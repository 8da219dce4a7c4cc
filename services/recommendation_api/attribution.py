"""Which list an event came of: one that names its list is counted for the algorithm that made the list."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from recommendation_api.background import Follower
from recommendation_api.catalogue import CatalogueMirror
from recsys.domain import Algorithm, EventType, Interaction
from recsys.logs import masked
from recsys.ports import Clock, KeptList, RecommendationLog
from recsys.telemetry import ATTRIBUTED_EVENTS, ATTRIBUTED_REVENUE, BACKGROUND_ERRORS, UNATTRIBUTED_EVENTS

TASK = "attribution"
MAX_WAITING = 10_000
MAX_BATCH = 500
GATHER_SECONDS = 0.5
PATIENCE_SECONDS = 10.0
"""A list is kept a moment after it is answered, and its first click may come sooner."""
CLOSE_SECONDS = 2.0
UNKNOWN_LIST, OTHER_USER, NOT_IN_LIST = "unknown_list", "other_user", "not_in_list"
QUEUE_FULL, UNAVAILABLE = "queue_full", "unavailable"

_EVENTS = {(a.value, t): ATTRIBUTED_EVENTS.labels(a.value, t.value) for a in Algorithm for t in EventType}
_REVENUE = {algorithm.value: ATTRIBUTED_REVENUE.labels(algorithm.value) for algorithm in Algorithm}
_NOT = {
    reason: UNATTRIBUTED_EVENTS.labels(reason)
    for reason in (UNKNOWN_LIST, OTHER_USER, NOT_IN_LIST, QUEUE_FULL, UNAVAILABLE)
}

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    event: Interaction
    since: float
    """On the monotonic clock."""


class Attribution:
    """Looks lists up beside the requests, many events at a time; what cannot be attributed is counted by its reason."""

    def __init__(self, lists: RecommendationLog, catalogue: CatalogueMirror, clock: Clock) -> None:
        self._lists, self._catalogue, self._clock = lists, catalogue, clock
        self._waiting: deque[_Waiting] = deque()
        self._offered = asyncio.Event()
        self._follower = Follower(self._follow, TASK)

    def start(self) -> None:
        self._follower.start()

    def offer(self, event: Interaction) -> None:
        """An event that was stored a moment ago; one that names no list is none of ours."""
        if event.recommendation_id is None:
            return
        if len(self._waiting) >= MAX_WAITING:
            _NOT[QUEUE_FULL].inc()
            return
        self._waiting.append(_Waiting(event, self._clock.monotonic()))
        self._offered.set()

    async def aclose(self) -> None:
        """Stop, and look once more for what still waits."""
        await self._follower.aclose()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._settle()
        _NOT[UNKNOWN_LIST].inc(len(self._waiting))

    async def _follow(self) -> None:
        while True:
            await self._offered.wait()
            await asyncio.sleep(GATHER_SECONDS)
            await self._settle()
            if not self._waiting:
                self._offered.clear()

    async def _settle(self) -> None:
        """One look for each event that waits now."""
        left = len(self._waiting)
        while left:
            batch = [self._waiting.popleft() for _ in range(min(left, MAX_BATCH))]
            left -= len(batch)
            await self._settle_some(batch)

    async def _settle_some(self, batch: Sequence[_Waiting]) -> None:
        kept = await self._find([waiting.event.recommendation_id or "" for waiting in batch])
        now = self._clock.monotonic()
        for waiting in batch:
            found = kept.get(waiting.event.recommendation_id or "") if kept is not None else None
            if found:
                self._count(waiting.event, found)
            elif now - waiting.since < PATIENCE_SECONDS:
                self._waiting.append(waiting)
            else:
                _NOT[UNAVAILABLE if kept is None else UNKNOWN_LIST].inc()

    async def _find(self, recommendation_ids: Sequence[str]) -> Mapping[str, KeptList] | None:
        """None while they cannot be looked up."""
        try:
            return await self._lists.find(list(dict.fromkeys(recommendation_ids)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the next turn may succeed
            BACKGROUND_ERRORS.labels(TASK).inc()
            logger.warning("events wait to be attributed", task=TASK, error=masked(error))
            return None

    def _count(self, event: Interaction, kept: KeptList) -> None:
        if kept.user_id != event.user_id:
            _NOT[OTHER_USER].inc()
        elif event.item_id not in kept.item_ids:
            _NOT[NOT_IN_LIST].inc()
        else:
            _EVENTS[kept.algorithm, event.type].inc()
            if event.type is EventType.PURCHASE:
                _REVENUE[kept.algorithm].inc(self._price(event.item_id))

    def _price(self, item_id: int) -> float:
        """0 where the catalogue has none."""
        view = self._catalogue.view
        position = view.position(item_id)
        price = math.nan if position is None else float(view.price[position])
        return 0.0 if math.isnan(price) else price
