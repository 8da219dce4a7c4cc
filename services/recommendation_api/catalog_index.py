"""`ContentIndex` from what is there anyway: PostgreSQL's full text, and the TF-IDF vectors of the live release."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommendation_api.serving.catalogue_view import CatalogueMirror, CatalogueView
from recommendation_api.serving.filters import available
from recommendation_api.serving.ids import locate
from recommendation_api.serving.top import best
from recsys.algorithms.base import FloatArray
from recsys.algorithms.content_based import ContentBased
from recsys.content_index import Entry, Search
from recsys.domain import Algorithm
from recsys.errors import NotFound
from recsys.ports import Catalog, Clock, SearchResult
from recsys.release import Release


class CatalogContentIndex:
    """`release` gives the live one, None before the first. Nothing is put here: the catalogue holds it already."""

    def __init__(
        self, catalog: Catalog, mirror: CatalogueMirror, clock: Clock, release: Callable[[], Release | None]
    ) -> None:
        self._catalog, self._mirror, self._clock, self._release = catalog, mirror, clock, release
        self._newcomers = _Newcomers()

    async def search(self, search: Search) -> SearchResult:
        return await self._catalog.search(
            search.words, category=search.category, limit=search.limit, left_out=search.left_out
        )

    async def similar(self, item_id: int, limit: int, left_out: Sequence[int] = ()) -> Sequence[tuple[int, float]]:
        view, release, at = self._mirror.view, self._release(), self._clock.now().timestamp()
        position = int(locate(view.item_ids, np.array([item_id], np.int64))[0])
        if position < 0:
            raise NotFound(f"there is no item {item_id}")
        model = release.models.get(Algorithm.CONTENT_BASED) if release else None
        if release is None or not isinstance(model, ContentBased):
            return []
        allowed = available(view, at)
        allowed[position] = False
        hidden = locate(view.item_ids, np.array(left_out, np.int64))
        allowed[hidden[hidden >= 0]] = False
        near = await asyncio.to_thread(self._near, release, model, view, item_id)
        chosen = best(near, np.flatnonzero(allowed & (near > 0)).astype(np.int32), limit, near)
        return list(zip(view.item_ids[chosen].tolist(), near[chosen].tolist(), strict=True))

    async def put(self, entries: Sequence[Entry], release: str | None = None) -> None:
        return

    def _near(self, release: Release, model: ContentBased, view: CatalogueView, item_id: int) -> FloatArray:
        """(n_positions,) cosine of the texts; items that are newer than the release by what is said of them now."""
        column = locate(release.item_ids, view.item_ids)
        own = view.texts.get(item_id)
        at = int(locate(release.item_ids, np.array([item_id], np.int64))[0])
        if own is None and at < 0:
            return np.zeros(len(column), np.float32)
        vector = model.embed([own]) if own is not None else model.items[np.array([at])]
        near = np.append(model.near(vector)[0], np.float32(0))[column]
        newer = [(i, view.texts[i]) for i in view.item_ids[column < 0].tolist() if i in view.texts]
        ids, rows = self._newcomers.of(release.version, model, newer)
        near[locate(view.item_ids, ids)] = (rows @ vector.T).toarray()[:, 0]
        return np.asarray(near, np.float32)


class _Newcomers:
    """Vectors of items that the release does not know, each made once for as long as its text stays."""

    def __init__(self) -> None:
        self._version: str | None = None
        self._rows: dict[int, tuple[str, sparse.csr_array]] = {}
        self._lock = threading.Lock()

    def of(
        self, version: str, model: ContentBased, texts: Sequence[tuple[int, str]]
    ) -> tuple[NDArray[np.int64], sparse.csr_array]:
        """Ids (m,) and their vectors (m, n_words)."""
        with self._lock:
            return self._of(version, model, texts)

    def _of(
        self, version: str, model: ContentBased, texts: Sequence[tuple[int, str]]
    ) -> tuple[NDArray[np.int64], sparse.csr_array]:
        if version != self._version:
            self._version, self._rows = version, {}
        unknown = [(i, text) for i, text in texts if self._rows.get(i, ("",))[0] != text]
        rows = model.embed([text for _, text in unknown])
        for number, (item_id, text) in enumerate(unknown):
            self._rows[item_id] = (text, rows[[number]])
        self._rows = {i: self._rows[i] for i, _ in texts}
        ids = np.array([i for i, _ in texts], np.int64)
        if not len(ids):
            return ids, sparse.csr_array((0, model.items.shape[1]), dtype=np.float32)
        return ids, sparse.csr_array(sparse.vstack([self._rows[i][1] for i, _ in texts]))
