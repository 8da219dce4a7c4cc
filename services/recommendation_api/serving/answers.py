"""From a request to bytes: one cache read, and for a miss one computation, whoever asks meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from recommendation_api.forgotten import Forgotten
from recommendation_api.schemas.recommendations import ListRequest, RecommendationRequest
from recommendation_api.serving.answer import COLD, EMPTY, PREFIX_BYTES, as_stored
from recommendation_api.serving.batcher import Answered, Batcher, Miss
from recommendation_api.serving.cache_key import cache_key, query_digest
from recommendation_api.serving.catalogue_view import CatalogueMirror
from recommendation_api.serving.filters import check_categories
from recommendation_api.serving.kept_lists import KeptLists
from recommendation_api.serving.live import LiveRelease
from recommendation_api.serving.paging import Bond, read_token
from recommendation_api.serving.people import Person, known_later
from recommendation_api.serving.stages import observe, stage
from recsys.domain import Algorithm
from recsys.errors import FieldError, InvalidInput, Unavailable
from recsys.ports import CacheEntry
from recsys.reranking.greedy import Dials
from recsys.settings import Settings
from recsys.stores import Stores
from recsys.telemetry import CACHE, DEGRADED, EMPTY_ANSWERS, RECOMMENDATIONS

REDIS = "redis"
ANSWERED = {
    (algorithm, cold): RECOMMENDATIONS.labels(algorithm.value, str(cold).lower())
    for algorithm in Algorithm
    for cold in (False, True)
}
WITHOUT_ITEMS = {algorithm: EMPTY_ANSWERS.labels(algorithm.value) for algorithm in Algorithm}
HIT, MISS, BYPASS, AWAY = (CACHE.labels(outcome) for outcome in ("hit", "miss", "bypass", "unavailable"))

logger = structlog.get_logger(__name__)


class Answers:
    """An answer that needed every dependency is stored; one that went without any of them never is."""

    def __init__(
        self,
        live: Callable[[], LiveRelease],
        stores: Stores,
        catalogue: CatalogueMirror,
        *,
        batcher: Batcher,
        kept: KeptLists,
        settings: Settings,
        forgotten: Forgotten,
    ) -> None:
        self._live, self._catalogue, self._cache, self._clock = live, catalogue, stores.cache, stores.clock
        self._batcher, self._kept, self._forgotten = batcher, kept, forgotten
        self._ttl = settings.cache_ttl_seconds
        self._diversity, self._category_cap = settings.diversity, settings.category_cap
        self._flights: dict[tuple[object, ...], asyncio.Task[Answered]] = {}

    async def answer(self, request: RecommendationRequest) -> bytes:
        """Raises `InvalidInput`, `NotReady`, `Unavailable`."""
        body = await self._answer(request)
        count(request.algorithm, body)
        return body

    async def _answer(self, request: RecommendationRequest) -> bytes:
        live = self._live()
        key = cache_key(live.version, request, self._diversity)
        if not request.use_cache:
            BYPASS.inc()
            return told(await self._compute(self._miss(live, key, request, ()), None))
        began = time.perf_counter()
        try:
            found = await self._cache.read(request.user_id, key)
        except Unavailable:
            AWAY.inc()
            return told(await self._compute(self._miss(live, key, request, (REDIS,)), None))
        epoch = self._catalogue.view.revision
        if found.entry is not None and found.entry.epoch == epoch:
            HIT.inc()
            return found.entry.body
        MISS.inc()
        observe("cache", time.perf_counter() - began)
        return told(await self._fly(self._miss(live, key, request, ()), found.version, epoch))

    def _miss(self, live: LiveRelease, key: str, request: RecommendationRequest, degraded: tuple[str, ...]) -> Miss:
        return self.miss(live, key, request, degraded, known_later(request.user_id))

    def miss(
        self, live: LiveRelease, key: str, request: ListRequest, degraded: tuple[str, ...], person: Person
    ) -> Miss:
        """The question to compute. Raises `InvalidInput` for what the release or the catalogue does not know."""
        check_held(live, request.algorithm)
        if request.filters is not None:
            check_categories(self._catalogue.view, request.filters)
        bond = Bond(query_digest(request) if request.page_token else "", live.version)
        page = read_token(request.page_token, bond)
        diversity = self._diversity if request.diversity is None else request.diversity
        dials = Dials(diversity, request.novelty, request.serendipity, self._category_cap)
        return Miss(live, key, request, dials, page, degraded, person)

    async def _fly(self, miss: Miss, version: str, epoch: int) -> Answered:
        """Join the computation of an equal question, or begin one.

        The user's event version is part of what is equal: an event moves it before it is acknowledged, so that whoever
        asks afterwards never joins a computation that may have read the history before.
        """
        identity = (miss.person.user_id, miss.key, version, epoch)
        flight = self._flights.get(identity)
        if flight is None:
            flight = asyncio.create_task(self._compute(miss, version))
            self._flights[identity] = flight
            flight.add_done_callback(lambda _: self._flights.pop(identity))
        return await asyncio.shield(flight)

    async def _compute(self, miss: Miss, version: str | None) -> Answered:
        answered = await self._batcher.ask(miss)
        if COLD in answered.computed.body[:PREFIX_BYTES] and not answered.degraded:
            await self._forgotten.refuse_late(miss.person.user_id)
        self._kept.offer(answered.computed.kept)
        if version is not None and not answered.degraded:
            await self._store(miss, answered, version)
        return answered

    async def _store(self, miss: Miss, answered: Answered, version: str) -> None:
        expires_at = min(self._clock.now().timestamp() + self._ttl, answered.computed.stays_right_until)
        entry = CacheEntry(as_stored(answered.computed.body), version, answered.epoch, expires_at)
        with stage("store"):
            try:
                await self._cache.store(miss.person.user_id, miss.key, entry)
            except Unavailable:
                logger.info("an answer is not cached", dependency=REDIS)


def count(algorithm: Algorithm, body: bytes) -> None:
    """An answer that goes out."""
    ANSWERED[algorithm, COLD in body[:PREFIX_BYTES]].inc()
    if len(body) < PREFIX_BYTES and EMPTY in body:
        WITHOUT_ITEMS[algorithm].inc()


def told(answered: Answered) -> bytes:
    """The body; what it went without is counted."""
    for dependency in answered.degraded:
        DEGRADED.labels(dependency).inc()
    return answered.computed.body


def check_held(live: LiveRelease, algorithm: Algorithm) -> None:
    """Raises `InvalidInput` that names what the release holds."""
    if algorithm not in live.release.models:
        held = ", ".join(name.value for name in live.release.models)
        message = f"the release does not hold {algorithm.value}; it holds {held}"
        raise InvalidInput(message, fields=(FieldError("algorithm", message),))
