"""The serving layer's face: what the routes ask of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import numpy as np

from recommendation_api.forgotten import Forgotten
from recommendation_api.schemas.recommendations import RecommendationRequest
from recommendation_api.schemas.sessions import SessionRecommendationRequest
from recommendation_api.serving import discovery
from recommendation_api.serving.affinity import affinity
from recommendation_api.serving.answers import Answers, check_held
from recommendation_api.serving.audience import Member, audience, knows
from recommendation_api.serving.batcher import Batcher
from recommendation_api.serving.catalogue_view import CatalogueMirror
from recommendation_api.serving.discovery import ScoredItem, ScoredUser
from recommendation_api.serving.exploration import Explorer
from recommendation_api.serving.guests import Guests
from recommendation_api.serving.ids import locate
from recommendation_api.serving.impressions import Impressions
from recommendation_api.serving.kept_lists import KeptLists
from recommendation_api.serving.live import LiveRelease
from recommendation_api.serving.people import Crowd, known_later
from recommendation_api.serving.preview import Entries, State
from recommendation_api.serving.watcher import Watcher
from recsys.domain import Algorithm, CategoryShare
from recsys.errors import FieldError, InvalidInput, NotFound, NotReady
from recsys.release import Release
from recsys.rules import Rule
from recsys.settings import Settings
from recsys.stores import Stores

Result = TypeVar("Result")

SMALLEST_CHUNK = 32
"""Users whose histories are read at once."""
SIMILARITIES = (Algorithm.CONTENT_BASED, Algorithm.ITEM_BASED, Algorithm.ALS, Algorithm.HYBRID)


@dataclass(frozen=True, slots=True)
class AlgorithmInfo:
    """What can be asked for, as measured on the split before the release was refitted."""

    name: Algorithm
    metrics: Mapping[str, float]
    settings: Mapping[str, Any]


class Serving:
    """Answers from the live release; create with `await Serving.start(...)`, end with `await aclose()`."""

    def __init__(self, stores: Stores, catalogue: CatalogueMirror, settings: Settings, forgotten: Forgotten) -> None:
        self._stores, self._catalogue, self._settings = stores, catalogue, settings
        self._forgotten = forgotten
        self._live: LiveRelease | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="serving")
        explorer = Explorer(settings.exploration_share)
        self._batcher = Batcher(stores, catalogue, settings.weights, self._pool, explorer=explorer, forgotten=forgotten)
        self._impressions = Impressions(stores.lists, self._require, catalogue, explorer)
        self._kept = KeptLists(stores.lists, stores.clock, timedelta(days=settings.lists_retention_days))
        self._answers = Answers(
            self._require,
            stores,
            catalogue,
            batcher=self._batcher,
            kept=self._kept,
            settings=settings,
            forgotten=forgotten,
        )
        self._guests = Guests(self._require, stores, catalogue, self._answers, self._batcher)
        self._watcher = Watcher(stores, settings, self._go_live, forgotten.rows)
        forgotten.on_news = self._watcher.forget

    @classmethod
    async def start(
        cls, stores: Stores, catalogue: CatalogueMirror, settings: Settings, forgotten: Forgotten
    ) -> Serving:
        """Load the champion (or the last deployed release while the registry is away) and start following the alias.

        Starts without a release too: every answer is then `NotReady`.
        """
        serving = cls(stores, catalogue, settings, forgotten)
        await serving._watcher.start()
        serving._batcher.start()
        serving._kept.start()
        serving._impressions.start()
        return serving

    async def aclose(self) -> None:
        """Stop following the alias, write the lists still waiting, end the computing thread."""
        await self._watcher.aclose()
        await self._impressions.aclose()
        await self._batcher.aclose()
        await self._kept.aclose()
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def release(self) -> Release | None:
        """The live one; None before the first."""
        return self._live.release if self._live else None

    async def change_release(self, version: str, action: str, reason: str, *, instead_of: str | None = None) -> None:
        """Make `version` the champion, where `instead_of` still is if that is given, and live here at once.

        Raises `NotFound`, `ArtifactCorrupt`, `Conflict`, `Unavailable`.
        """
        await self._watcher.change(version, action, reason, instead_of=instead_of)

    def recommend(self, request: RecommendationRequest) -> Awaitable[bytes]:
        """The answer as JSON bytes. Raises `Erased`; `InvalidInput`, `NotReady`, `Unavailable` when awaited."""
        self._forgotten.refuse(request.user_id)
        return self._answers.answer(request)

    def recommend_to_guest(self, request: SessionRecommendationRequest) -> Awaitable[bytes]:
        """The same for somebody without an account. Raises `NotFound` too, for an unknown session or item."""
        return self._guests.answer(request)

    async def similar(
        self, item_id: int, algorithm: Algorithm, n: int, found: Sequence[tuple[int, float]] | None = None
    ) -> Sequence[ScoredItem]:
        """Available items nearest to `item_id`, highest first; `found` are those that a search index has near it.
        Raises `NotFound`, `InvalidInput`, `NotReady`.
        """
        live, view = self._require(), self._catalogue.view
        if algorithm not in SIMILARITIES:
            raise _no_similarity(algorithm)
        check_held(live, algorithm)
        position = int(locate(view.item_ids, np.array([item_id], np.int64))[0])
        if position < 0:
            raise NotFound(f"there is no item {item_id}")
        now = self._stores.clock.now().timestamp()
        return await self._in_thread(
            lambda: discovery.similar_items(live, view, position, algorithm, n=n, at=now, found=found)
        )

    async def audience(self, item_id: int, n: int) -> Sequence[Member]:
        """Users of the release to show `item_id` to, highest first; nobody who has seen or hidden it. While the
        database is away, as far as the release knows. Raises `NotFound`, `NotReady`.
        """
        live, view = self._require(), self._catalogue.view
        position = int(locate(view.item_ids, np.array([item_id], np.int64))[0])
        if position < 0:
            raise NotFound(f"there is no item {item_id}")
        everybody = await self._in_thread(lambda: audience(live, live.over(view), position))
        found: list[Member] = []
        for chunk in everybody.chunks(max(n, SMALLEST_CHUNK)):
            people = await self._batcher.load([everybody.user_id(at) for at in chunk])
            fresh = [at for at in range(len(chunk)) if people is None or not knows(people[at], item_id)]
            found += [everybody.member(chunk[at]) for at in fresh[: n - len(found)]]
            if len(found) == n:
                break
        return found

    async def popular(self, category: str | None, n: int) -> Sequence[ScoredItem]:
        """Available items by popularity x quality. Raises `InvalidInput` for an unknown category, `NotReady`."""
        live, view = self._require(), self._catalogue.view
        if category is not None and category not in view.category_codes:
            problem = FieldError("category", f"there is no category {category!r}")
            raise InvalidInput("the category is unknown", fields=(problem,))
        now = self._stores.clock.now().timestamp()
        return await self._in_thread(lambda: discovery.popular_items(live, view, category, n=n, at=now))

    async def affinity(self, user_id: int, item_ids: Sequence[int]) -> Sequence[float]:
        """0..1, how much the user would like each of these items of the catalogue. Raises `NotReady`."""
        live, view = self._require(), self._catalogue.view
        crowd = await self._crowd_of(live, user_id)
        positions = locate(view.item_ids, np.array(item_ids, np.int64))
        found: list[float] = (await self._in_thread(lambda: affinity(live, live.over(view), crowd, positions))).tolist()
        return found

    async def preview(
        self, request: RecommendationRequest, rules: Sequence[Rule], at: datetime
    ) -> tuple[Entries, Entries]:
        """The list at `at` under the rules in force, and under these. Raises `InvalidInput`, `NotReady`, `Erased`."""
        self._forgotten.refuse(request.user_id)
        live, view = self._require(), self._catalogue.view
        weights = live.weights(self._settings.weights)
        miss = self._answers.miss(live, "", request, (), known_later(request.user_id))
        crowd = await self._crowd_of(live, request.user_id)
        state = State(miss, crowd, view, at, weights)
        return await self._in_thread(lambda: (state.entries_under(view.rules), state.entries_under(rules)))

    async def profile_taste(self, user_id: int) -> Sequence[CategoryShare]:
        """Shares of the categories in what the user liked, highest first, summing to 1; empty without events. Raises
        `NotReady`.
        """
        live, view = self._require(), self._catalogue.view
        crowd = await self._crowd_of(live, user_id)
        return await self._in_thread(lambda: discovery.category_shares(live, view, crowd))

    async def similar_users(self, user_id: int, n: int) -> Sequence[ScoredUser]:
        """Like-minded users of the release, highest first; empty without events. Raises `NotReady`."""
        live = self._require()
        crowd = await self._crowd_of(live, user_id)
        return await self._in_thread(lambda: discovery.like_minded(live, crowd, n))

    def algorithms(self) -> Sequence[AlgorithmInfo]:
        """Those that the live release holds; empty before the first."""
        release = self.release
        if release is None:
            return []
        return [
            AlgorithmInfo(name, release.metrics.get(name.value, {}), model.settings)
            for name, model in release.models.items()
        ]

    def _require(self) -> LiveRelease:
        if self._live is None:
            raise NotReady("no release is live yet: train one first")
        return self._live

    def _go_live(self, live: LiveRelease) -> None:
        self._catalogue.stand_in(live.release)
        self._live = live

    async def _crowd_of(self, live: LiveRelease, user_id: int) -> Crowd:
        people = await self._batcher.load([user_id])
        return await self._in_thread(lambda: self._batcher.crowd_of(live, [user_id], people))

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


def _no_similarity(algorithm: Algorithm) -> InvalidInput:
    message = f"{algorithm.value} knows no similar items; ask for " + ", ".join(name.value for name in SIMILARITIES)
    return InvalidInput(message, fields=(FieldError("algorithm", message),))
