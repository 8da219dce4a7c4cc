"""Items and categories in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from psycopg import errors

from recsys.adapters.acceptance import accept_item, is_text
from recsys.adapters.postgres import items
from recsys.adapters.postgres.engine import Connection, Postgres
from recsys.adapters.postgres.statement import Statement
from recsys.adapters.postgres.words import Vocabulary
from recsys.adapters.search_words import read
from recsys.adapters.verdicts import taken
from recsys.domain import Item
from recsys.ports import CatalogueChange, Clock, SearchResult


class PostgresCatalog:
    def __init__(self, postgres: Postgres, clock: Clock) -> None:
        self._postgres = postgres
        self._clock = clock
        self._vocabulary = Vocabulary(postgres)

    async def get(self, item_id: int) -> Item | None:
        row = await self._postgres.read(partial(items.GET.one, item_id=item_id))
        return items.to_item(row) if row else None

    async def existing(self, item_ids: Sequence[int]) -> set[int]:
        rows = await self._postgres.read(partial(items.EXISTING.all, item_ids=list(item_ids)))
        return {item_id for (item_id,) in rows}

    async def put(self, item: Item) -> bool:
        item = accept_item(item)

        async def upsert(connection: Connection) -> bool:
            async with connection.transaction():
                # In the order of the loader's locks, which empties and fills these tables.
                await connection.execute("LOCK TABLE items IN ROW EXCLUSIVE MODE")
                if item.category is not None:
                    await items.ADD_CATEGORY.run(connection, category=item.category)
                (created,) = await items.PUT.one(connection, **self._parameters(item))
                return bool(created)

        try:
            return await self._postgres.run(upsert)
        except errors.UniqueViolation as error:
            if error.diag.constraint_name != "items_external_id_key":
                raise
            raise taken("item", item.external_id) from None

    async def changed_since(self, revision: int) -> CatalogueChange:
        found: dict[int, Item] = {}
        known_reset, since, whole = revision, revision, revision == 0
        while True:
            page = partial(items.CHANGES.all, known_reset=known_reset, since=since)
            rows = await self._postgres.read(page)
            reset = rows[0][0]
            if reset > known_reset:
                found, known_reset, whole = {}, reset, True
            written = [row for row in rows if row[1] is not None]
            for row in written:
                item = items.to_item(row[2:])
                found.pop(item.item_id, None)
                found[item.item_id] = item
                since = row[1]
            if len(written) < items.PAGE:
                return CatalogueChange(list(found.values()), max(since, known_reset), whole=whole)

    async def touch(self) -> None:
        await self._postgres.run(items.TOUCH.run)

    async def categories(self) -> Sequence[str]:
        rows = await self._postgres.read(items.CATEGORIES.all)
        return sorted(name for (name,) in rows)

    async def search(
        self, query: str, *, category: str | None, limit: int, left_out: Sequence[int] = ()
    ) -> SearchResult:
        alternatives = read(query)
        if not is_text(category or ""):
            return SearchResult([], {})
        given: dict[str, Any] = {
            "category": category,
            "limit": limit,
            "left_out": list(left_out),
            "now": self._clock.now(),
        }
        result = await self._found(items.SEARCH, query=query, **given)
        if result.hits or result.facets or not alternatives:
            return result
        return await self._found(items.SEARCH_COMPOSED, query=await self._vocabulary.meant(alternatives), **given)

    async def _found(self, statement: Statement, **given: Any) -> SearchResult:
        rows = await self._postgres.read(partial(statement.all, **given))
        hits = [(item_id, score) for _, item_id, score in rows if item_id is not None]
        return SearchResult(hits, rows[0][0] or {})

    def _parameters(self, item: Item) -> dict[str, object]:
        stated = {name: getattr(item, name) for name in ("item_id", "category", *items.REPLACED, *items.KEPT)}
        return {**stated, "tags": list(item.tags), "now": self._clock.now()}
