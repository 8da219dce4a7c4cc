"""`ContentIndex` from what is there anyway: PostgreSQL's full text, and the TF-IDF vectors of the live release."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

import numpy as np

from recommendation_api.serving.catalogue_view import CatalogueMirror, CatalogueView
from recommendation_api.serving.filters import available, drop
from recommendation_api.serving.ids import locate
from recommendation_api.serving.newcomers import Newcomers, content_model, near_text, text_vector
from recommendation_api.serving.top import best
from recsys.algorithms.base import FloatArray
from recsys.content_index import Entry, Search
from recsys.errors import NotFound
from recsys.ports import Catalog, Clock, SearchResult
from recsys.release import Release


class CatalogContentIndex:
    """`release` gives the live one, None before the first. Nothing is put here: the catalogue holds it already."""

    def __init__(
        self, catalog: Catalog, mirror: CatalogueMirror, clock: Clock, release: Callable[[], Release | None]
    ) -> None:
        self._catalog, self._mirror, self._clock, self._release = catalog, mirror, clock, release
        self._texts: tuple[Release, Newcomers] | None = None
        self._embedding = threading.Lock()

    async def search(self, search: Search) -> SearchResult:
        return await self._catalog.search(
            search.words, category=search.category, limit=search.limit, left_out=search.left_out
        )

    async def similar(self, item_id: int, limit: int, left_out: Sequence[int] = ()) -> Sequence[tuple[int, float]]:
        view, release = self._mirror.view, self._release()
        position = int(locate(view.item_ids, np.array([item_id], np.int64))[0])
        if position < 0:
            raise NotFound(f"there is no item {item_id}")
        if release is None:
            return []
        allowed = available(view, self._clock.now().timestamp())
        drop(allowed, view, np.array([item_id, *left_out], np.int64))
        near = await asyncio.to_thread(self._near, release, view, position)
        chosen = best(near, np.flatnonzero(allowed & (near > 0)).astype(np.int32), limit, near)
        return list(zip(view.item_ids[chosen].tolist(), near[chosen].tolist(), strict=True))

    async def put(self, entries: Sequence[Entry], release: str | None = None) -> None:  # noqa: ARG002 - the port's
        return

    def _near(self, release: Release, view: CatalogueView, position: int) -> FloatArray:
        """(n_positions,) cosine of the texts with that of the item at `position`."""
        model, column = content_model(release), locate(release.item_ids, view.item_ids)
        with self._embedding:
            if self._texts is None or self._texts[0] is not release:
                self._texts = release, Newcomers(release)
            placed = self._texts[1].among(view, column)
        vector = text_vector(model, column, placed, position) if model else None
        if model is None or vector is None:
            return np.zeros(len(column), np.float32)
        return near_text(model, column, placed, vector)
