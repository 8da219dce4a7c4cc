"""Keeping a search index level with the catalogue: built anew for a release, caught up by revision."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from recsys.adapters.elasticsearch import ElasticsearchIndex, IndexState
from recsys.content_index import Entry
from recsys.content_vectors import ContentVectors, plain_entries
from recsys.domain import Item
from recsys.errors import Unavailable
from recsys.ports import Catalog, CatalogueChange
from recsys.telemetry import INDEXED_ITEMS

GRACE_SECONDS = 2.0
"""Searches that began in the old index may end in it."""
ROUNDS = 20
"""How often a rebuild looks for what was written meanwhile before it goes live; the rest is caught up afterwards."""

INDEXED = INDEXED_ITEMS.labels("indexed")


async def rebuild(
    catalog: Catalog,
    index: ElasticsearchIndex,
    vectors: ContentVectors | None,
    *,
    grace_seconds: float = GRACE_SECONDS,
) -> IndexState:
    """Fill a new index from the whole catalogue and let it take the place of the old one, without a moment between.

    What is put meanwhile is written to both, and what could not be is caught up. Raises `Unavailable`: readers then
    still have the old one.
    """
    before = await index.state()
    release = vectors.version if vectors else None
    name = await index.create(release, vectors.dimensions if vectors else 0)
    revision = 0
    for _ in range(ROUNDS):
        change = await catalog.changed_since(revision)
        if revision and change.whole:
            raise Unavailable("the catalogue was replaced meanwhile", dependency="postgres")
        if revision and change.revision == revision:
            break
        await _fill(index, name, change, vectors)
        revision = change.revision
        if not change.items:
            break
    await index.advance(name, release, revision)
    await index.promote(name)
    state = await catch_up(catalog, index, IndexState(name, release, revision), vectors)
    await asyncio.sleep(grace_seconds if before else 0)
    await index.prune(before.index if before else None)
    return state or IndexState(name, release, revision)


async def catch_up(
    catalog: Catalog, index: ElasticsearchIndex, state: IndexState, vectors: ContentVectors | None
) -> IndexState | None:
    """Index what was written since; None where items went away, so that only a rebuild helps. Raises `Unavailable`."""
    change = await catalog.changed_since(state.revision)
    if change.whole and state.revision:
        return None
    if change.revision == state.revision:
        return state
    await _fill(index, state.index, change, vectors if vectors and vectors.version == state.release else None)
    await index.refresh(state.index)
    await index.advance(state.index, state.release, change.revision)
    return IndexState(state.index, state.release, change.revision)


async def _fill(index: ElasticsearchIndex, name: str, change: CatalogueChange, vectors: ContentVectors | None) -> None:
    entries = _entries(change.items, change.revision, vectors)
    while some := await asyncio.to_thread(next, entries, None):
        await index.fill(name, some, vectors.version if vectors else None)
        INDEXED.inc(len(some))


def _entries(items: Sequence[Item], revision: int, vectors: ContentVectors | None) -> Iterator[list[Entry]]:
    return vectors.entries(items, revision) if vectors else plain_entries(items, revision)
