"""Lists for people without an account: by what they did in their session, or by items that the caller names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from recommendation_api.schemas.sessions import SessionRecommendationRequest
from recommendation_api.serving.answers import REDIS, Answers, count, told
from recommendation_api.serving.batcher import POSTGRES, Batcher
from recommendation_api.serving.catalogue_view import CatalogueMirror
from recommendation_api.serving.ids import locate
from recommendation_api.serving.live import LiveRelease
from recommendation_api.serving.people import Person, guest
from recsys.domain import GUEST, EventType, Interaction
from recsys.errors import FieldError, NotFound, Unavailable
from recsys.stores import Stores

NAMED = EventType.CLICK
"""An item that the caller names counts as one that was looked at closely."""


MAX_NAMED = 10
"""Of the unknown items, in the answer's text."""


class Guests:
    """Nothing is cached or kept: a guest's next event would make it old, and a list of nobody's tells no training."""

    def __init__(
        self,
        live: Callable[[], LiveRelease],
        stores: Stores,
        catalogue: CatalogueMirror,
        answers: Answers,
        batcher: Batcher,
    ) -> None:
        self._live, self._catalogue, self._answers, self._batcher = live, catalogue, answers, batcher
        self._sessions, self._catalog, self._clock = stores.sessions, stores.catalog, stores.clock

    async def answer(self, request: SessionRecommendationRequest) -> bytes:
        """Raises `NotFound` for an unknown session or item, `InvalidInput`, `NotReady`, `Unavailable`."""
        live = self._live()
        person, away = await self._person(request)
        degraded = (*away, POSTGRES) if self._catalogue.is_behind else away
        miss = self._answers.miss(live, "", _without_given(request), degraded, person)
        answered = await self._batcher.ask(miss)
        body = told(answered)
        count(request.algorithm, body)
        return body

    async def _person(self, request: SessionRecommendationRequest) -> tuple[Person, tuple[str, ...]]:
        """Who asks, and what was away: of a session that cannot be read nothing is known."""
        if request.session_id is None:
            return await self._reader_of(request.item_ids or ()), ()
        try:
            return guest(await self._sessions.events(request.session_id)), ()
        except Unavailable:
            return guest(()), (REDIS,)

    async def _refuse_unknown(self, item_ids: Sequence[int]) -> None:
        """Raises `NotFound`; the database is asked only about what the catalogue in memory does not know."""
        view = self._catalogue.view
        named = np.array(item_ids, np.int64)
        new = named[locate(view.item_ids, named) < 0].tolist()
        missing = sorted({*new} - await self._catalog.existing(new)) if new else []
        if missing:
            message = "there is no item " + ", ".join(map(str, missing[:MAX_NAMED]))
            raise NotFound(message, fields=(FieldError("item_ids", message),))

    async def _reader_of(self, item_ids: Sequence[int]) -> Person:
        named = [*dict.fromkeys(item_ids)]
        await self._refuse_unknown(named)
        now = self._clock.now()
        return guest([Interaction("", GUEST, item_id, NAMED, now) for item_id in named])


def _without_given(request: SessionRecommendationRequest) -> SessionRecommendationRequest:
    """The items that the caller names count as seen, and stay out whatever the filters say."""
    if request.item_ids is None or request.filters is None or not request.filters.include_seen:
        return request
    return request.model_copy(update={"filters": request.filters.model_copy(update={"include_seen": False})})
