"""Follows the champion alias: a new release is loaded, checked and warmed beside the old one, then takes its place."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from recommendation_api.background import Follower
from recommendation_api.serving.live import LiveRelease
from recommendation_api.serving.warm_up import warm_up
from recsys.algorithms.base import IndexArray
from recsys.domain import Deployment
from recsys.errors import ArtifactCorrupt, Conflict, NotFound, Unavailable
from recsys.forgetting import without_users
from recsys.logs import masked
from recsys.manifest import MANIFEST
from recsys.ports import Clock
from recsys.release import list_releases, load_release
from recsys.settings import Settings
from recsys.stores import Stores
from recsys.telemetry import BACKGROUND_ERRORS, RELEASE_CREATED, RELEASE_SWAPS, RELEASE_VERSION

TASK = "release_watcher"
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 5.0, 300.0
HEAD_START_SECONDS = 1.0
"""For the worker that was asked for a change: it knows why, and records it before those who only see it."""

logger = structlog.get_logger(__name__)


ErasedRows = Callable[[NDArray[np.int64]], IndexArray]
"""(n_users,) ids to the rows of the erased."""
Stamp = tuple[int, int]


def _nobody(user_ids: NDArray[np.int64]) -> IndexArray:
    del user_ids
    return np.empty(0, np.int32)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A release that could not be loaded is tried again, ever more rarely."""

    wait: float
    next_try: float
    """On the monotonic clock."""


class Watcher:
    """`live` is replaced whole; who began an answer with the old release ends it with the old one."""

    def __init__(
        self,
        stores: Stores,
        settings: Settings,
        on_change: Callable[[LiveRelease], None],
        erased_rows: ErasedRows = _nobody,
    ) -> None:
        """`erased_rows` tells which rows of a release's users no answer may use."""
        self._registry, self._deployments, self._clock = stores.registry, stores.deployments, stores.clock
        self._releases, self._poll_seconds = settings.releases, settings.alias_poll_seconds
        self._on_change, self._erased_rows = on_change, erased_rows
        self._stamps: dict[str, Stamp | None] = {}
        """Of the manifests that were loaded, from before the load."""
        self._live: LiveRelease | None = None
        self._refused: dict[str, Refusal] = {}
        self._unrecorded: Deployment | None = None
        self._away = False
        self._turn = asyncio.Lock()
        self._head_start = min(HEAD_START_SECONDS, self._poll_seconds)
        self._follower = Follower(self._follow, TASK)

    async def start(self) -> None:
        """Load what should be live; where that cannot be known or loaded, what was live last, else the newest release
        on disk. Then keep following.
        """
        await self._look_safely()
        if self._live is None and (self._refused or self._away):
            for version in await self._last_known():
                if version not in self._refused and await self._load(version):
                    break
        self._follower.start()

    async def aclose(self) -> None:
        await self._follower.aclose()

    async def look(self) -> None:
        """One look at the alias. Raises `Unavailable` while the registry is away."""
        async with self._turn:
            has_changed = await self._take_over()
        if has_changed:
            await asyncio.sleep(self._head_start)
        async with self._turn:
            if has_changed and self._unrecorded and await self._registry.champion() != self._unrecorded.version:
                self._unrecorded = None
            await self._record()

    async def _take_over(self) -> bool:
        """Serve the champion; whether it took another one's place."""
        champion, before = await self._registry.champion(), self._live
        if not champion or not self._is_due(champion):
            return False
        if before and champion == before.version and not self._was_rewritten(champion):
            return False
        if live := await self._load(champion):
            self._unrecorded = _deployment(before, live, self._clock)
        return live is not None and before is not None

    async def change(self, version: str, action: str, reason: str, *, instead_of: str | None = None) -> None:
        """Point the alias to `version` and serve it here at once; nothing happens where both are so.

        Raises `NotFound`, `ArtifactCorrupt` for a release that cannot be served, `Conflict` where the alias points
        elsewhere than to `instead_of`, `Unavailable` while the registry is away: then nothing has changed. A database
        that is away hears of the change later.
        """
        async with self._turn:
            before = self._live
            live = before if before and before.version == version else await self._prepare(version)
            champion = await self._registry.champion()
            if champion != version:
                if instead_of and champion != instead_of:
                    raise Conflict(f"meanwhile {champion} went live")
                await self._registry.set_champion(version)
                self._unrecorded = Deployment(version, action, self._clock.now(), reason)
            elif live is not before:
                self._unrecorded = _deployment(before, live, self._clock)
            if live is not before:
                self._adopt(live)
            with suppress(Unavailable):
                await self._record()

    async def forget(self) -> None:
        """Serve the live release without the rows of users who were erased since."""
        async with self._turn:
            if self._live is None:
                return
            live = await asyncio.to_thread(_without_erased, self._live, self._erased_rows)
            if live is not self._live:
                self._live = live
                self._on_change(live)

    def _was_rewritten(self, version: str) -> bool:
        """A training took erased users out of the files: ours are the old ones, held by nobody else."""
        now = _stamp(self._releases, version)
        return now is not None and now != self._stamps.get(version)

    async def _record(self) -> None:
        if self._unrecorded:
            await self._deployments.append(self._unrecorded)
            self._unrecorded = None

    async def _look_safely(self) -> None:
        """A watcher that ended would pin the worker to its release: whatever happens, the next turn may succeed."""
        self._away = False
        try:
            await self.look()
        except Unavailable as error:
            self._away = True
            logger.debug("the champion cannot be followed", dependency=error.dependency)
        except Exception as error:  # noqa: BLE001
            BACKGROUND_ERRORS.labels(TASK).inc()
            logger.warning("the champion cannot be followed", error=masked(error))

    async def _last_known(self) -> list[str]:
        """Versions to try while the registry is away, the best first."""
        last: list[str] = []
        with suppress(Unavailable):
            latest = await self._deployments.latest()
            last = [latest.version] if latest else []
        on_disk = await asyncio.to_thread(list_releases, self._releases)
        return [*last, *(version for version in reversed(on_disk) if version not in last)]

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            await self._look_safely()

    def _is_due(self, version: str) -> bool:
        refusal = self._refused.get(version)
        return refusal is None or self._clock.monotonic() >= refusal.next_try

    async def _load(self, version: str) -> LiveRelease | None:
        """Make `version` live; one that is refused leaves the old release where it is."""
        self._stamps[version] = _stamp(self._releases, version)
        try:
            live = await asyncio.to_thread(_prepared, self._releases, version, self._erased_rows)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the old one goes on
            self._refuse(version, error)
            return None
        self._adopt(live)
        return live

    async def _prepare(self, version: str) -> LiveRelease:
        self._stamps[version] = _stamp(self._releases, version)
        try:
            return await asyncio.to_thread(_prepared, self._releases, version, self._erased_rows)
        except NotFound:
            raise
        except Exception as error:
            RELEASE_SWAPS.labels("refused").inc()
            logger.warning("a release is refused", version=version, error=repr(error))
            if isinstance(error, ArtifactCorrupt):
                raise
            raise ArtifactCorrupt(f"release {version} cannot be served: {type(error).__name__}") from error

    def _adopt(self, live: LiveRelease) -> None:
        self._refused.clear()
        self._stamps = {live.version: self._stamps.get(live.version)}
        self._live = live
        self._on_change(live)
        RELEASE_SWAPS.labels("loaded").inc()
        RELEASE_CREATED.set(live.release.created_at.timestamp())
        RELEASE_VERSION.set(_number(live.version))
        logger.info("a release is live", version=live.version)

    def _refuse(self, version: str, error: Exception) -> None:
        refusal = self._refused.get(version)
        wait = min(refusal.wait * 2, LAST_RETRY_SECONDS) if refusal else FIRST_RETRY_SECONDS
        self._refused[version] = Refusal(wait, self._clock.monotonic() + wait)
        RELEASE_SWAPS.labels("refused").inc()
        serving = self._live.version if self._live else None
        logger.error("a release is refused", version=version, error=repr(error), serving=serving, retry_in=wait)


def _prepared(releases: Path, version: str, erased_rows: ErasedRows) -> LiveRelease:
    release = load_release(releases, version)
    live = LiveRelease(without_users(release, erased_rows(release.user_ids)))
    warm_up(live)
    return live


def _without_erased(live: LiveRelease, erased_rows: ErasedRows) -> LiveRelease:
    rest = without_users(live.release, erased_rows(live.release.user_ids))
    return live if rest is live.release else LiveRelease(rest)


def _stamp(releases: Path, version: str) -> Stamp | None:
    """What tells a rewritten manifest from the one before; None while there is none."""
    try:
        found = (releases / version / MANIFEST).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _number(version: str) -> float:
    """`20261124-035012-9f3a` as 20261124035012, NaN for a version of another form."""
    match = re.match(r"(\d{8})-(\d{6})", version)
    return float(match[1] + match[2]) if match else math.nan


def _deployment(before: LiveRelease | None, after: LiveRelease, clock: Clock) -> Deployment:
    goes_back = before is not None and after.release.created_at < before.release.created_at
    if goes_back:
        return Deployment(after.version, "rollback", clock.now(), "the champion alias was moved back to it in MLflow")
    return Deployment(after.version, "publish", clock.now(), "a training pointed the champion alias to it")
