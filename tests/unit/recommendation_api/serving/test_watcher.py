"""Which release is live: after the alias moves, while the registry is away, and when files are damaged."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from recommendation_api.serving.live import LiveRelease
from recommendation_api.serving.watcher import FIRST_RETRY_SECONDS, Watcher
from recsys.adapters.memory import MemoryDatabase, MemoryReleaseRegistry
from recsys.domain import Deployment
from recsys.errors import Conflict, Unavailable
from recsys.release import Release, write_release
from recsys.settings import Settings
from recsys.stores import Stores
from recsys.testing.clock import ManualClock
from tests.unit.recommendation_api.serving.running import until

pytestmark = pytest.mark.anyio

OLD, NEW, NEWEST = "20260201-000000-0001", "20260202-000000-0002", "20260203-000000-0003"


class Registry(MemoryReleaseRegistry):
    """An alias that can be moved, and a registry that can be switched off."""

    is_up = True

    async def champion(self) -> str | None:
        if not self.is_up:
            raise Unavailable("away", dependency="mlflow")
        return await super().champion()


class AwayDeployments:
    async def latest(self) -> Deployment | None:
        raise Unavailable("away", dependency="postgres")

    async def append(self, _deployment: Deployment) -> None:
        raise Unavailable("away", dependency="postgres")


@pytest.fixture
def folder(release: Release, tmp_path: Path) -> Path:
    """Three releases, a day apart."""
    for day, version in enumerate((OLD, NEW, NEWEST)):
        write_release(tmp_path, replace(release, version=version, created_at=release.created_at + timedelta(days=day)))
    return tmp_path


@pytest.fixture
def registry() -> Registry:
    return Registry(OLD)


@pytest.fixture
def lives() -> list[LiveRelease]:
    """What went live, in order."""
    return []


def versions(lives: list[LiveRelease]) -> list[str]:
    return [live.version for live in lives]


def mapped() -> str:
    """Every file that this process has mapped."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("this system does not list a process's memory maps")
    return maps.read_text(encoding="utf-8")


Watch = Callable[..., Watcher]


@pytest.fixture
def watch(stores: Stores, registry: Registry, folder: Path, lives: list[LiveRelease]) -> Watch:
    def make(poll: float = 0.01, **replaced: object) -> Watcher:
        settings = Settings(RECSTACK_RELEASES_DIR=folder, RECSTACK_ALIAS_POLL_SECONDS=poll)
        return Watcher(replace(stores, registry=registry, **replaced), settings, lives.append)  # type: ignore[arg-type]

    return make


def damage(folder: Path, version: str) -> None:
    """Change one byte of the largest file, not its size."""
    path = max((folder / version).rglob("*.npy"), key=lambda file: file.stat().st_size)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


async def test_the_champion_is_live_and_its_deployment_recorded_once(
    watch: Watch, lives: list[LiveRelease], database: MemoryDatabase
) -> None:
    for _ in range(2):
        watcher = watch()
        await watcher.start()
        await watcher.aclose()
    assert versions(lives) == [OLD, OLD]
    assert [(entry.version, entry.action) for entry in database.deployments] == [(OLD, "publish")]


async def test_the_alias_is_followed_forth_and_back(
    watch: Watch, registry: Registry, lives: list[LiveRelease], database: MemoryDatabase
) -> None:
    watcher = watch()
    await watcher.start()
    for version in (NEW, OLD):
        registry.version = version
        await until(lambda version=version: database.deployments[-1].version == version)  # type: ignore[misc]
    await watcher.aclose()
    assert versions(lives) == [OLD, NEW, OLD]
    assert [(entry.version, entry.action) for entry in database.deployments] == [
        (OLD, "publish"),
        (NEW, "publish"),
        (OLD, "rollback"),
    ]


async def test_before_the_first_release_nothing_is_live(
    watch: Watch, registry: Registry, lives: list[LiveRelease]
) -> None:
    registry.version = None
    watcher = watch()
    await watcher.start()
    assert lives == []
    registry.version = OLD
    await until(lambda: versions(lives) == [OLD])
    await watcher.aclose()


async def test_who_was_asked_for_a_change_records_it_before_those_who_see_it(
    watch: Watch, registry: Registry, database: MemoryDatabase, stores: Stores, lives: list[LiveRelease]
) -> None:
    """The other worker has already loaded the release when the first one comes to recording it."""

    class Slow(AwayDeployments):
        async def append(self, deployment: Deployment) -> None:
            await until(lambda: versions(lives).count(NEW) == 2)
            await stores.deployments.append(deployment)

    registry.registered |= {NEW}
    asked, seeing = watch(deployments=Slow()), watch(poll=0.3)
    database.deployments.append(Deployment(OLD, "publish", database.clock.now(), "earlier"))
    await seeing.look()
    change = asyncio.create_task(asked.change(NEW, "promote", "because"))
    await until(lambda: registry.version == NEW)
    await seeing.look()
    await change
    assert [(each.version, each.action) for each in database.deployments] == [(OLD, "publish"), (NEW, "promote")]


async def test_a_change_of_what_is_no_longer_live_is_refused(
    watch: Watch, registry: Registry, lives: list[LiveRelease]
) -> None:
    registry.registered |= {NEW, NEWEST}
    watcher = watch()
    await watcher.look()
    registry.version = NEWEST
    with pytest.raises(Conflict, match=NEWEST):
        await watcher.change(NEW, "rollback", "because", instead_of=OLD)
    assert (registry.version, versions(lives)) == (NEWEST, [OLD])
    await watcher.change(NEW, "rollback", "because", instead_of=NEWEST)
    await watcher.change(NEW, "rollback", "twice", instead_of=NEWEST)
    assert (registry.version, versions(lives)) == (NEW, [OLD, NEW])


async def test_a_change_that_was_overtaken_before_anybody_recorded_it_is_not_recorded(
    watch: Watch, registry: Registry, database: MemoryDatabase, lives: list[LiveRelease]
) -> None:
    watcher = watch()
    await watcher.look()
    registry.version = NEW
    looking = asyncio.create_task(watcher.look())
    await until(lambda: versions(lives) == [OLD, NEW])
    registry.version = OLD
    await looking
    assert [each.version for each in database.deployments] == [OLD]


async def test_a_damaged_release_is_refused_and_the_old_one_stays(
    watch: Watch, registry: Registry, lives: list[LiveRelease], folder: Path, database: MemoryDatabase
) -> None:
    before = REGISTRY.get_sample_value("recstack_release_swaps_total", {"outcome": "refused"}) or 0
    watcher = watch()
    await watcher.start()
    damage(folder, NEW)
    registry.version = NEW
    for _ in range(3):
        await watcher.look()
    await watcher.aclose()
    assert versions(lives) == [OLD]
    assert [entry.version for entry in database.deployments] == [OLD]
    assert REGISTRY.get_sample_value("recstack_release_swaps_total", {"outcome": "refused"}) == before + 1


async def test_a_refused_release_is_tried_again_later(
    watch: Watch, registry: Registry, lives: list[LiveRelease], folder: Path, clock: ManualClock
) -> None:
    """It may have been copied only half: mended, it goes live at the next try and not before."""
    (folder / NEW).rename(folder / ".aside")
    registry.version = NEW
    watcher = watch()
    await watcher.look()
    (folder / ".aside").rename(folder / NEW)
    clock.advance(FIRST_RETRY_SECONDS - 0.1)
    await watcher.look()
    assert lives == []
    clock.advance(0.1)
    await watcher.look()
    assert versions(lives) == [NEW]


async def test_while_the_registry_is_away_the_last_deployment_goes_on(
    watch: Watch, registry: Registry, lives: list[LiveRelease], database: MemoryDatabase, clock: ManualClock
) -> None:
    database.deployments.append(Deployment(NEW, "publish", clock.now(), "earlier"))
    registry.is_up = False
    watcher = watch()
    await watcher.start()
    assert versions(lives) == [NEW]
    assert len(database.deployments) == 1
    registry.is_up = True
    await until(lambda: versions(lives) == [NEW, OLD])
    await watcher.aclose()


async def test_without_registry_and_database_the_newest_sound_release_on_disk_serves(
    watch: Watch, registry: Registry, lives: list[LiveRelease], folder: Path
) -> None:
    damage(folder, NEWEST)
    registry.is_up = False
    watcher = watch(deployments=AwayDeployments())
    await watcher.start()
    await watcher.aclose()
    assert versions(lives) == [NEW]


async def test_a_damaged_champion_at_the_start_leaves_the_last_sound_one_serving(
    watch: Watch, registry: Registry, lives: list[LiveRelease], folder: Path, database: MemoryDatabase
) -> None:
    database.deployments.append(Deployment(OLD, "publish", database.clock.now(), "earlier"))
    damage(folder, NEWEST)
    registry.version = NEWEST
    watcher = watch()
    await watcher.start()
    await watcher.aclose()
    assert versions(lives) == [OLD]


async def test_a_deployment_that_could_not_be_recorded_is_recorded_when_the_database_is_back(
    watch: Watch, lives: list[LiveRelease], stores: Stores, database: MemoryDatabase
) -> None:
    class Flaky(AwayDeployments):
        is_up = False

        async def append(self, deployment: Deployment) -> None:
            if not self.is_up:
                await super().append(deployment)
            await stores.deployments.append(deployment)

    flaky = Flaky()
    watcher = watch(deployments=flaky)
    await watcher.start()
    assert (versions(lives), database.deployments) == ([OLD], [])
    flaky.is_up = True
    await until(lambda: bool(database.deployments))
    await watcher.aclose()
    assert [entry.version for entry in database.deployments] == [OLD]


async def test_a_broken_look_does_not_end_the_watch(watch: Watch, registry: Registry, lives: list[LiveRelease]) -> None:
    watcher = watch()
    await watcher.start()
    registry.version = 7  # type: ignore[assignment]
    await asyncio.sleep(0.05)
    registry.version = NEW
    await until(lambda: versions(lives)[-1:] == [NEW])
    await watcher.aclose()


async def test_the_old_release_is_unmapped_once_nobody_uses_it(
    watch: Watch, registry: Registry, lives: list[LiveRelease]
) -> None:
    watcher = watch()
    await watcher.start()
    assert OLD in mapped()
    registry.version = NEW
    await until(lambda: versions(lives) == [OLD, NEW])
    await watcher.aclose()
    del lives[0]
    gc.collect()
    assert NEW in mapped()
    assert OLD not in mapped()
