"""Misses are computed together: whoever waits while a batch is computed forms the next one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

import structlog

from recommendation_api.background import end
from recommendation_api.forgotten import Forgotten
from recommendation_api.schemas.recommendations import ListRequest
from recommendation_api.serving.catalogue_view import CatalogueMirror, CatalogueView
from recommendation_api.serving.engine import Batch, Computed, Question, compute
from recommendation_api.serving.exploration import Explorer
from recommendation_api.serving.live import LiveRelease
from recommendation_api.serving.paging import Page
from recommendation_api.serving.people import Crowd, Person, crowd, last_known, load_people
from recommendation_api.serving.stages import observe, stage
from recsys.domain import GUEST
from recsys.errors import Unavailable
from recsys.logs import masked
from recsys.reranking.greedy import Dials
from recsys.settings import EventWeights
from recsys.stores import Stores
from recsys.telemetry import BACKGROUND_ERRORS

TASK = "batcher"
MAX_WAITING = 1024
MAX_BATCH = 32
RUNNERS = 2
"""One loads histories while the other's batch is computed."""
POSTGRES = "postgres"

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answered:
    computed: Computed
    epoch: int
    """The catalogue's revision before the histories were read: a newer one may stand for an event that they lack."""
    degraded: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Miss:
    live: LiveRelease
    key: str
    request: ListRequest
    dials: Dials
    page: Page
    degraded: tuple[str, ...]
    """Dependencies that were away before the computation."""
    person: Person
    """All that the caller knows of who asks; of a user, whose history is loaded just before the computation, the id."""
    since: float = field(default_factory=time.perf_counter)
    answered: asyncio.Future[Answered] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def identity(self) -> tuple[object, ...]:
        """Misses that share it have one answer."""
        return self.asker, self.key, self.degraded

    @property
    def is_guest(self) -> bool:
        return self.person.user_id == GUEST

    @property
    def asker(self) -> int:
        """A guest is nobody else, not even who asks by the same session: an event may lie between."""
        return -id(self) if self.is_guest else self.person.user_id


class Batcher:
    """The event loop only loads and hands out; arithmetic runs in `pool`."""

    def __init__(
        self,
        stores: Stores,
        catalogue: CatalogueMirror,
        weights: EventWeights,
        pool: Executor,
        *,
        explorer: Explorer,
        forgotten: Forgotten,
    ) -> None:
        self._log, self._users, self._hidden = stores.interactions, stores.users, stores.hidden_items
        self._clock = stores.clock
        self._catalogue, self._weights, self._pool = catalogue, weights, pool
        self._explorer, self._forgotten = explorer, forgotten
        self._waiting: asyncio.Queue[Miss] = asyncio.Queue(MAX_WAITING)
        self._runners: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._runners = [asyncio.create_task(self._run(), name=TASK) for _ in range(RUNNERS)]

    async def aclose(self) -> None:
        await end(*self._runners)
        while not self._waiting.empty():
            self._waiting.get_nowait().answered.cancel()

    async def ask(self, miss: Miss) -> Answered:
        """Raises `Unavailable` where too many are waiting already."""
        try:
            self._waiting.put_nowait(miss)
        except asyncio.QueueFull:
            raise Unavailable("too many lists wait to be computed", dependency="api", retry_after=1) from None
        return await miss.answered

    async def _run(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < MAX_BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            for kind in {(miss.live.version, miss.is_guest) for miss in batch}:
                await self._answer([miss for miss in batch if (miss.live.version, miss.is_guest) == kind])

    async def _answer(self, misses: Sequence[Miss]) -> None:
        for miss in misses:
            observe("queue", time.perf_counter() - miss.since)
        try:
            for miss, answer in zip(misses, await self._together(misses), strict=True):
                if not miss.answered.done():
                    miss.answered.set_result(answer)
        except asyncio.CancelledError:
            _fail(misses, asyncio.CancelledError())
            raise
        except Unavailable as error:
            _fail(misses, error)
        except Exception as error:  # noqa: BLE001 - one odd question must not take the others with it
            await self._one_by_one(misses, error)

    async def _one_by_one(self, misses: Sequence[Miss], error: Exception) -> None:
        if len(misses) > 1:
            for miss in misses:
                await self._answer([miss])
            return
        BACKGROUND_ERRORS.labels(TASK).inc()
        logger.warning("a list cannot be computed", algorithm=misses[0].request.algorithm.value, error=masked(error))
        _fail(misses, error)

    async def _together(self, misses: Sequence[Miss]) -> list[Answered]:
        different = list({miss.identity: miss for miss in misses}.values())
        askers = {miss.asker: miss.person for miss in different}
        epoch = self._catalogue.view.revision
        people = [*askers.values()] if misses[0].is_guest else await self.load([*askers])
        view = self._catalogue.view
        live = misses[0].live
        if not len(view.item_ids) and len(live.release.item_ids):
            raise Unavailable("the catalogue has not been read yet", dependency=POSTGRES)
        away = () if people is not None else (POSTGRES,)
        loop = asyncio.get_running_loop()
        computed = await loop.run_in_executor(self._pool, self._compute, different, [*askers], people, view)
        answers = {
            miss.identity: Answered(one, epoch, (*miss.degraded, *away))
            for miss, one in zip(different, computed, strict=True)
        }
        return [answers[miss.identity] for miss in misses]

    async def load(self, user_ids: Sequence[int]) -> list[Person] | None:
        """None while PostgreSQL is away."""
        with stage("load"):
            try:
                return await load_people(self._log, self._users, self._hidden, user_ids)
            except Unavailable:
                return None

    def crowd_of(self, live: LiveRelease, user_ids: Sequence[int], people: Sequence[Person] | None) -> Crowd:
        """What `load` found, laid over the release; from the release alone where it found PostgreSQL away."""
        if people is None:
            return last_known(live.release, user_ids, anybody=self._forgotten.is_loaded)
        return crowd(people, live.release.item_ids, live.weights(self._weights))

    def _compute(
        self, misses: Sequence[Miss], askers: Sequence[int], people: Sequence[Person] | None, view: CatalogueView
    ) -> list[Computed]:
        live = misses[0].live
        away = (POSTGRES,) if people is None else ()
        everybody = self.crowd_of(live, askers, people)
        batch = Batch(live, view, everybody, self._clock.now(), away, live.weights(self._weights), self._explorer)
        questions = [
            Question(miss.request, askers.index(miss.asker), miss.dials, miss.page, miss.degraded) for miss in misses
        ]
        return compute(batch, questions)


def _fail(misses: Sequence[Miss], error: BaseException) -> None:
    for miss in misses:
        if not miss.answered.done():
            miss.answered.set_exception(error)
