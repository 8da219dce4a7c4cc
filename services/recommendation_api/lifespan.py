"""What the process holds open while it serves, opened in this order and closed in the reverse one."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypedDict

import structlog
from fastapi import FastAPI

from recommendation_api.attribution import Attribution
from recommendation_api.catalog_index import CatalogContentIndex
from recommendation_api.catalogue import CatalogueMirror
from recommendation_api.contents import Contents
from recommendation_api.coverage import Coverage
from recommendation_api.erasing import Eraser
from recommendation_api.finding import Finder
from recommendation_api.following import RevisionHint
from recommendation_api.forgotten import Forgotten
from recommendation_api.guests import GuestRecorder
from recommendation_api.indexing import Indexing
from recommendation_api.invalidation import Invalidation
from recommendation_api.metrics import leave_metrics
from recommendation_api.places import run_folder
from recommendation_api.probes import Probes, other_servers
from recommendation_api.recording import Recorder
from recommendation_api.serving import Serving
from recsys.release import Release
from recsys.settings import Settings
from recsys.stores import Stores
from recsys.telemetry import failures_at_zero

OpenStores = Callable[[Settings], AbstractAsyncContextManager[Stores]]

logger = structlog.get_logger(__name__)


class State(TypedDict):
    """What every request finds in `request.state`."""

    settings: Settings
    stores: Stores
    catalogue: CatalogueMirror
    invalidation: Invalidation
    recorder: Recorder
    guests: GuestRecorder
    serving: Serving
    contents: Contents
    finder: Finder
    forgotten: Forgotten
    eraser: Eraser


class Lifespan:
    """Opens everything; `state` is there from the start's end to the stop's beginning."""

    def __init__(self, settings: Settings, open_stores: OpenStores) -> None:
        self._settings = settings
        self._open_stores = open_stores
        self.state: State | None = None

    @property
    def serving(self) -> Serving | None:
        return self.state["serving"] if self.state else None

    @asynccontextmanager
    async def __call__(self, _app: FastAPI) -> AsyncIterator[State]:
        settings = self._settings
        async with AsyncExitStack() as stack:
            stack.callback(leave_metrics)
            failures_at_zero()
            stores = await stack.enter_async_context(self._open_stores(settings))
            catalogue = CatalogueMirror(
                stores.catalog,
                poll_seconds=settings.catalogue_poll_seconds,
                hint=_hint(settings, "catalogue"),
                rules=stores.rules,
            )
            stack.push_async_callback(catalogue.aclose)
            await catalogue.start()
            forgotten = Forgotten(
                stores.erasures,
                stores.pseudonyms,
                poll_seconds=settings.catalogue_poll_seconds,
                hint=_hint(settings, "erasures"),
                copy=run_folder(settings) / "erased",
            )
            stack.push_async_callback(forgotten.aclose)
            await forgotten.start()
            invalidation = Invalidation(stores, catalogue)
            stack.push_async_callback(invalidation.aclose)
            invalidation.start()
            attribution = Attribution(stores.lists, catalogue, stores.clock)
            coverage = Coverage(stores.lists, catalogue, stores.clock, lock=_coverage_lock(settings))
            for task in (attribution, coverage, Probes(stores.pings, other_servers(settings))):
                stack.push_async_callback(task.aclose)
                task.start()
            serving = await Serving.start(stores, catalogue, settings, forgotten)
            stack.push_async_callback(serving.aclose)
            contents = await _open_contents(settings, stores, catalogue, serving, stack)
            eraser = Eraser(stores, forgotten)
            stack.push_async_callback(eraser.aclose)
            eraser.start()
            self.state = State(
                settings=settings,
                stores=stores,
                catalogue=catalogue,
                invalidation=invalidation,
                recorder=Recorder(stores, invalidation, attribution, forgotten),
                serving=serving,
                contents=contents,
                finder=Finder(stores, catalogue, contents, serving, forgotten),
                guests=GuestRecorder(stores, catalogue),
                forgotten=forgotten,
                eraser=eraser,
            )
            logger.info("serving", pid=os.getpid(), release=serving.release.version if serving.release else None)
            yield self.state
            self.state = None


async def _open_contents(
    settings: Settings, stores: Stores, catalogue: CatalogueMirror, serving: Serving, stack: AsyncExitStack
) -> Contents:
    def release() -> Release | None:
        return serving.release

    second = CatalogContentIndex(stores.catalog, catalogue, stores.clock, release)
    if stores.search_index is None:
        return Contents(None, second)
    lock = run_folder(settings) / "indexing.lock" if settings.api_workers > 1 else None
    indexing = Indexing(stores.search_index, stores.catalog, catalogue, stores.clock, release, lock=lock)
    stack.push_async_callback(indexing.aclose)
    indexing.start()
    return Contents(stores.search_index, second, indexing)


def _hint(settings: Settings, name: str) -> RevisionHint | None:
    return RevisionHint(run_folder(settings) / name) if settings.api_workers > 1 else None


def _coverage_lock(settings: Settings) -> Path | None:
    return run_folder(settings) / "coverage.lock" if settings.api_workers > 1 else None
