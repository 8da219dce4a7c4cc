"""`ContentIndex` over Elasticsearch, and how a new index takes the place of an old one.

Readers ask an alias. A rebuild fills an index of its own, which a second alias names while it is filled: whoever puts
an item writes it to both. Each document carries the catalogue's revision as its version, so that an older state of an
item never replaces a newer one, whoever comes last.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_streaming_bulk

from recsys.adapters.elasticsearch import queries
from recsys.adapters.elasticsearch.connection import HTTP_NOT_FOUND, NAME, ElasticsearchConnection
from recsys.adapters.elasticsearch.documents import (
    REFRESHED,
    SETTINGS,
    VECTOR,
    document,
    mapping,
    microseconds,
)
from recsys.adapters.search_words import read
from recsys.content_index import Entry, Search
from recsys.errors import NotFound, Unavailable
from recsys.ports import Clock, SearchResult

NEXT = ".next"
CHUNK = 500
BULK_SECONDS = 60.0
LEFT_BEHIND_SECONDS = 3600.0
"""An index that no alias names and that is older than this was left by a rebuild that did not end."""
HTTP_CONFLICT = 409
POOL = 50
"""Each of two orders of likeness is asked for so many items at least, so that they overlap."""
RANK_CONSTANT = 60


@dataclass(frozen=True, slots=True)
class IndexState:
    """What readers find behind the alias."""

    index: str
    release: str | None
    """Whose directions its vectors have."""
    revision: int
    """Every write of the catalogue up to this one is in it."""


class ElasticsearchIndex:
    """`alias` is what readers ask; everything that is made begins with it."""

    def __init__(self, connection: ElasticsearchConnection, clock: Clock, alias: str) -> None:
        self._connection, self._clock, self._alias = connection, clock, alias

    async def search(self, search: Search) -> SearchResult:
        alternatives = read(search.words)
        if not alternatives:
            return SearchResult([], {})
        at = microseconds(self._clock.now())
        for fuzzy in (False, True):
            body = queries.search_body(search, alternatives, at, fuzzy=fuzzy)
            answer = await self._reading(body)
            if answer["hits"]["total"]["value"] or answer["aggregations"][queries.FACETS]["buckets"]:
                break
        facets = {each["key"]: each["doc_count"] for each in answer["aggregations"][queries.FACETS]["buckets"]}
        return SearchResult([(int(hit["_id"]), float(hit["_score"])) for hit in answer["hits"]["hits"]], facets)

    async def similar(self, item_id: int, limit: int, left_out: Sequence[int] = ()) -> Sequence[tuple[int, float]]:
        vector = await self._vector(item_id)
        at, pool = microseconds(self._clock.now()), max(limit + 1, POOL)
        hidden = [item_id, *left_out]
        bodies = [queries.more_like(self._alias, item_id, pool, at, hidden)]
        if vector:
            bodies.append(queries.nearest(*vector, pool, at, hidden))

        async def ask(client: AsyncElasticsearch) -> Any:
            return await client.msearch(searches=[part for body in bodies for part in ({"index": self._alias}, body)])

        answers = (await self._connection.ask(ask))["responses"]
        if any("hits" not in answer for answer in answers):
            raise Unavailable("Elasticsearch cannot tell what is alike", dependency=NAME)
        return _fused([[int(hit["_id"]) for hit in answer["hits"]["hits"]] for answer in answers])[:limit]

    async def put(self, entries: Sequence[Entry], release: str | None = None) -> None:
        await self._write((self._alias, self._alias + NEXT), entries, release, at_once=True)

    async def state(self) -> IndexState | None:
        """None before the first rebuild. Raises `Unavailable`."""

        async def ask(client: AsyncElasticsearch) -> Any:
            return await client.indices.get_mapping(index=self._alias)

        try:
            found = dict(await self._connection.ask(ask))
        except NotFound:
            return None
        name, about = next(iter(found.items()))
        meta = about["mappings"].get("_meta", {})
        return IndexState(name, meta.get("release"), int(meta.get("revision", 0)))

    async def create(self, release: str | None, dimensions: int) -> str:
        """A new index that nobody reads yet and everybody writes to; its name."""
        name = f"{self._alias}.{release or 'none'}.{secrets.token_hex(4)}"

        async def ask(client: AsyncElasticsearch) -> None:
            await client.indices.create(index=name, settings=SETTINGS, mappings=mapping(release, dimensions))
            actions: list[Mapping[str, Any]] = [
                {"remove": {"index": f"{self._alias}.*", "alias": self._alias + NEXT, "must_exist": False}},
                {"add": {"index": name, "alias": self._alias + NEXT}},
            ]
            await client.indices.update_aliases(actions=actions)

        await self._connection.ask(ask, seconds=BULK_SECONDS)
        return name

    async def fill(self, index: str, entries: Sequence[Entry], release: str | None) -> None:
        """Write into an index that is being built."""
        await self._write((index,), entries, release, at_once=False)

    async def advance(self, index: str, release: str | None, revision: int) -> None:
        """Write down that everything up to `revision` is in it."""

        async def ask(client: AsyncElasticsearch) -> None:
            await client.indices.put_mapping(index=index, meta={"release": release, "revision": revision})

        await self._connection.ask(ask, seconds=BULK_SECONDS)

    async def refresh(self, index: str) -> None:
        """What was written into it is found from now on."""

        async def ask(client: AsyncElasticsearch) -> None:
            await client.indices.refresh(index=index)

        await self._connection.ask(ask, seconds=BULK_SECONDS)

    async def promote(self, index: str) -> None:
        """Readers ask `index` from now on, in one step."""

        async def ask(client: AsyncElasticsearch) -> None:
            await client.indices.put_settings(index=index, settings=REFRESHED)
            await client.indices.refresh(index=index)
            every = f"{self._alias}.*"
            actions: list[Mapping[str, Any]] = [
                {"remove": {"index": every, "alias": self._alias, "must_exist": False}},
                {"remove": {"index": every, "alias": self._alias + NEXT, "must_exist": False}},
                {"add": {"index": index, "alias": self._alias}},
            ]
            await client.indices.update_aliases(actions=actions)

        await self._connection.ask(ask, seconds=BULK_SECONDS)

    async def prune(self, replaced: str | None = None) -> list[str]:
        """Delete the index that was `replaced`, and what rebuilds left behind that did not end; their names."""

        async def ask(client: AsyncElasticsearch) -> list[str]:
            found = dict(await client.indices.get(index=f"{self._alias}.*", features=["aliases", "settings"]))
            old = [name for name, about in found.items() if self._is_old(about) or name == replaced]
            gone = [name for name in old if self._alias not in found[name]["aliases"]]
            for name in gone:
                await client.indices.delete(index=name, ignore_unavailable=True)
            return gone

        return await self._connection.ask(ask, seconds=BULK_SECONDS)

    def _is_old(self, about: Mapping[str, Any]) -> bool:
        created = int(about["settings"]["index"]["creation_date"]) / 1000
        return time.time() - created > LEFT_BEHIND_SECONDS

    async def _reading(self, body: dict[str, Any]) -> Any:
        async def ask(client: AsyncElasticsearch) -> Any:
            return await client.search(index=self._alias, **_parameters(body))

        try:
            return await self._connection.ask(ask)
        except NotFound as error:
            raise _not_built() from error

    async def _vector(self, item_id: int) -> tuple[str, Sequence[float]] | None:
        """The item's vector and its field."""

        async def ask(client: AsyncElasticsearch) -> Any:
            return await client.get(
                index=self._alias, id=str(item_id), source_includes=[f"{VECTOR}*"], source_exclude_vectors=False
            )

        try:
            found = await self._connection.ask(ask)
        except NotFound as error:
            if "index_not_found" in str(error.__cause__):
                raise _not_built() from error
            raise NotFound(f"item {item_id} is not in Elasticsearch") from error
        return next(iter(found["_source"].items()), None)

    async def _write(
        self, targets: Sequence[str], entries: Sequence[Entry], release: str | None, *, at_once: bool
    ) -> None:
        async def ask(client: AsyncElasticsearch) -> list[Mapping[str, Any]]:
            written = async_streaming_bulk(
                client,
                _actions(targets, entries, release),
                chunk_size=CHUNK,
                raise_on_error=False,
                refresh=at_once,
                require_alias=at_once,
            )
            return [answer["index"] async for ok, answer in written if not ok]

        failures = await self._connection.ask(ask, seconds=None if at_once else BULK_SECONDS)
        for failure in failures:
            missing = failure["status"] == HTTP_NOT_FOUND and failure["_index"].endswith(NEXT)
            if failure["status"] != HTTP_CONFLICT and not missing:
                raise Unavailable(f"Elasticsearch refused a document: {failure['status']}", dependency=NAME)


def _actions(targets: Sequence[str], entries: Sequence[Entry], release: str | None) -> Iterator[dict[str, Any]]:
    for entry in entries:
        for target in targets:
            yield {
                "_op_type": "index",
                "_index": target,
                "_id": str(entry.item.item_id),
                "version": entry.revision,
                "version_type": "external_gte",
                "_source": document(entry, release),
            }


def _fused(orders: Sequence[Sequence[int]]) -> list[tuple[int, float]]:
    """Reciprocal rank fusion (Cormack, Clarke, Büttcher 2009) as a share of the best there can be."""
    scores: dict[int, float] = {}
    for order in orders:
        for rank, item_id in enumerate(order, 1):
            scores[item_id] = scores.get(item_id, 0.0) + (RANK_CONSTANT + 1) / (RANK_CONSTANT + rank) / len(orders)
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


def _parameters(body: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("_source", "source"): value for name, value in body.items()}


def _not_built() -> Unavailable:
    return Unavailable("nothing is indexed yet", dependency=NAME)
