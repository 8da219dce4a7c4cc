"""The search index of a release that has just gone live: filled beside the old one, which it then replaces."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from recsys.adapters.elasticsearch import ElasticsearchConnection, ElasticsearchIndex, IndexState
from recsys.adapters.postgres import Postgres, PostgresCatalog
from recsys.content_vectors import ContentVectors
from recsys.errors import Unavailable
from recsys.indexing import rebuild
from recsys.ports import Clock
from recsys.release import Release
from recsys.settings import Settings

READ_SECONDS = 60.0
"""A page of the catalogue may take long on a machine that has just trained."""
ANSWER_SECONDS = 10.0


def index_release(settings: Settings, clock: Clock, release: Release) -> str:
    """Index the whole catalogue with the vectors of `release`; returns what came of it in words. Never fails: the
    release is live, and the API catches up what the index lacks.
    """
    try:
        state = asyncio.run(_index(settings, clock, release))
    except Unavailable as error:
        return f"left to the API: {error.detail}"
    return f"{state.index}, up to revision {state.revision}"


async def _index(settings: Settings, clock: Clock, release: Release) -> IndexState:
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(
            ElasticsearchConnection(settings.elasticsearch_url or "", clock=clock, timeout_seconds=ANSWER_SECONDS)
        )
        postgres = await stack.enter_async_context(
            Postgres(settings.database_url, clock=clock, timeout_seconds=READ_SECONDS, max_connections=1)
        )
        index = ElasticsearchIndex(connection, clock, settings.elasticsearch_index)
        return await rebuild(PostgresCatalog(postgres, clock), index, ContentVectors.of(release))
