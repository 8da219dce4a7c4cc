"""What the catalogue says, as one user may see it: found, alike, in an order of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from recommendation_api.catalogue import CatalogueMirror
from recommendation_api.contents import Contents
from recommendation_api.forgotten import Forgotten
from recommendation_api.serving import Serving
from recommendation_api.serving.discovery import ScoredItem
from recommendation_api.serving.explanations import DECIMALS
from recommendation_api.serving.filters import Mask, available, drop
from recommendation_api.serving.rulings import Rulings
from recsys.content_index import Search
from recsys.domain import Algorithm
from recsys.errors import FieldError, NotFound, NotReady, Unavailable
from recsys.stores import Stores

POSTGRES = "postgres"
FEWEST, MOST = 100, 1000
"""Matches among which one user's order is made."""
WIDENED = 4
"""So many times the wanted ones, between these bounds."""
SPARE = 20
"""Matches asked for beyond that: some may have been withdrawn a moment ago."""
NEAR_SPARE = 50
TASTE_WEIGHT = 1.0
"""A match of half the relevance that the user would like fully stands level with one that says nothing to them."""


@dataclass(frozen=True, slots=True)
class Found:
    items: Sequence[ScoredItem]
    facets: Mapping[str, int]
    degraded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alike:
    items: Sequence[ScoredItem]
    degraded: tuple[str, ...]


class Finder:
    """Every list holds only what is on offer, not hidden by the user, not blocked by a rule."""

    def __init__(
        self, stores: Stores, catalogue: CatalogueMirror, contents: Contents, serving: Serving, forgotten: Forgotten
    ) -> None:
        self._stores, self._catalogue, self._contents = stores, catalogue, contents
        self._serving, self._forgotten = serving, forgotten
        self._rulings: Rulings | None = None

    async def search(self, words: str, category: str | None, user_id: int | None, n: int) -> Found:
        """Raises `NotFound` and `Erased` for the user, `InvalidInput`, `Unavailable`."""
        hidden, away = await self._hidden(user_id)
        left_out = self._kept_out(hidden)
        wanted = n if user_id is None else min(MOST, max(FEWEST, WIDENED * n))
        told = await self._contents.search(Search(words, category, wanted + SPARE, left_out))
        await self._cover([item_id for item_id, _ in told.result.hits])
        found = self._listed(told.result.hits, category, hidden)
        if user_id is not None and not away:
            found = await self._in_order_for(user_id, found)
        return Found(found[:n], told.result.facets, (*told.degraded, *away))

    async def similar(self, item_id: int, algorithm: Algorithm, n: int) -> Alike:
        """By the texts where `content_based` is asked for, else by the release alone. Raises `NotFound`, `NotReady`."""
        if algorithm is not Algorithm.CONTENT_BASED:
            return Alike(await self._serving.similar(item_id, algorithm, n), ())
        told = await self._contents.similar(item_id, n + NEAR_SPARE, self._kept_out([]))
        return Alike(await self._serving.similar(item_id, algorithm, n, told.result), told.degraded)

    async def _hidden(self, user_id: int | None) -> tuple[Sequence[int], tuple[str, ...]]:
        """What the user hides; nothing while PostgreSQL cannot say, which is then said."""
        if user_id is None:
            return (), ()
        self._forgotten.refuse(user_id)
        try:
            if user_id not in await self._stores.users.existing([user_id]):
                await self._forgotten.refuse_late(user_id)
                message = f"there is no user {user_id}"
                raise NotFound(message, fields=(FieldError("user_id", message),))
            hidden = (await self._stores.hidden_items.of([user_id]))[user_id]
        except Unavailable:
            return (), (POSTGRES,)
        return [each.item_id for each in hidden], ()

    def _allowed(self, hidden: Sequence[int]) -> Mask:
        """(n_positions,) what may be found now."""
        view, now = self._catalogue.view, self._stores.clock.now().timestamp()
        allowed = available(view, now)
        drop(allowed, view, np.array(hidden, np.int64))
        if self._rulings is None or self._rulings.view is not view:
            self._rulings = Rulings(view, view.rules)
        self._rulings.of(Algorithm.CONTENT_BASED, now).narrow(allowed)
        return allowed

    def _kept_out(self, hidden: Sequence[int]) -> Sequence[int]:
        """What is on offer and may not be found."""
        view, now = self._catalogue.view, self._stores.clock.now().timestamp()
        ids: list[int] = view.item_ids[available(view, now) & ~self._allowed(hidden)].tolist()
        return ids

    async def _cover(self, item_ids: Sequence[int]) -> None:
        """Another worker may have written an item a moment ago."""
        if any(self._catalogue.view.position(item_id) is None for item_id in item_ids):
            with suppress(Unavailable):
                await self._catalogue.refresh()

    def _listed(
        self, hits: Sequence[tuple[int, float]], category: str | None, hidden: Sequence[int]
    ) -> list[ScoredItem]:
        """Those hits that the catalogue of this moment confirms: an index may be a moment behind it."""
        view, allowed = self._catalogue.view, self._allowed(hidden)
        found = []
        for item_id, score in hits:
            position = view.position(item_id)
            if position is None or not allowed[position]:
                continue
            own = view.category_of(position)
            if category is None or own == category:
                found.append(ScoredItem(item_id, view.titles[position], own, round(score, DECIMALS)))
        return found

    async def _in_order_for(self, user_id: int, found: Sequence[ScoredItem]) -> list[ScoredItem]:
        """By relevance and taste; by relevance alone before the first release."""
        try:
            liking = await self._serving.affinity(user_id, [item.item_id for item in found])
        except NotReady:
            return [*found]
        weighed = [
            ScoredItem(
                item.item_id,
                item.title,
                item.category,
                round(item.score * (1 + TASTE_WEIGHT * liked) / (1 + TASTE_WEIGHT), DECIMALS),
            )
            for item, liked in zip(found, liking, strict=True)
        ]
        return sorted(weighed, key=lambda item: -item.score)
