"""Full text and likeness from Elasticsearch, and from the catalogue and the release while that is away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from recommendation_api.indexing import Indexing
from recsys.content_index import ContentIndex, Search
from recsys.domain import Item
from recsys.errors import NotFound, Unavailable
from recsys.ports import SearchResult
from recsys.telemetry import DEGRADED

ELASTICSEARCH = "elasticsearch"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Told(Generic[Result]):
    """What was found, and what was missing when it was."""

    result: Result
    degraded: tuple[str, ...] = ()


class Contents:
    """Asks the first index; the second where that is away, behind the catalogue, or not there at all."""

    def __init__(self, first: ContentIndex | None, second: ContentIndex, indexing: Indexing | None = None) -> None:
        self._first, self._second, self._indexing = first, second, indexing

    async def search(self, search: Search) -> Told[SearchResult]:
        """Raises `InvalidInput`, and `Unavailable` where neither answers."""
        return await self._ask(lambda index: index.search(search))

    async def similar(
        self, item_id: int, limit: int, left_out: Sequence[int] = ()
    ) -> Told[Sequence[tuple[int, float]]]:
        """Raises `NotFound`."""
        return await self._ask(lambda index: index.similar(item_id, limit, left_out))

    async def put(self, item: Item) -> None:
        """Never fails: the database holds the item."""
        if self._indexing:
            await self._indexing.put(item)

    async def _ask(self, question: Callable[[ContentIndex], Awaitable[Result]]) -> Told[Result]:
        if self._first is None:
            return Told(await question(self._second), (ELASTICSEARCH,))
        if not (self._indexing and self._indexing.is_behind):
            try:
                return Told(await question(self._first))
            except NotFound:
                pass
            except Unavailable:
                if self._indexing:
                    self._indexing.distrust()
        DEGRADED.labels(ELASTICSEARCH).inc()
        return Told(await question(self._second), (ELASTICSEARCH,))
