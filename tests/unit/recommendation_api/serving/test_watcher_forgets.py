"""The live release loses the rows of erased users: in memory at once, and by its files when a training rewrote them."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recommendation_api.serving.live import LiveRelease
from recommendation_api.serving.watcher import Watcher
from recsys.algorithms.base import IndexArray
from recsys.domain import Algorithm
from recsys.forgetting import erased_rows, rewrite_without
from recsys.release import Release
from recsys.settings import Settings
from recsys.stores import Stores

pytestmark = pytest.mark.anyio

SOMEBODY, OTHER = 7, 8


@pytest.fixture
def folder(releases: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(releases, tmp_path / "releases"))


@pytest.fixture
def lives() -> list[LiveRelease]:
    return []


@pytest.fixture
def erased() -> set[int]:
    return set()


@pytest.fixture
def watch(stores: Stores, folder: Path, lives: list[LiveRelease], erased: set[int]) -> Callable[[], Watcher]:
    def rows(user_ids: NDArray[np.int64]) -> IndexArray:
        return erased_rows(user_ids, erased.__contains__)

    def make() -> Watcher:
        settings = Settings(RECSTACK_RELEASES_DIR=folder, RECSTACK_ALIAS_POLL_SECONDS=0.01)
        return Watcher(stores, settings, lives.append, rows)

    return make


def mapped() -> str:
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("this system does not list a process's memory maps")
    return maps.read_text(encoding="utf-8")


async def test_a_release_is_loaded_without_the_erased(
    watch: Callable[[], Watcher], lives: list[LiveRelease], erased: set[int]
) -> None:
    erased.add(SOMEBODY)
    watcher = watch()
    await watcher.start()
    await watcher.aclose()
    assert SOMEBODY not in lives[-1].release.user_ids
    assert OTHER in lives[-1].release.user_ids


async def test_the_live_release_forgets_at_once_and_keeps_its_name(
    watch: Callable[[], Watcher], lives: list[LiveRelease], erased: set[int], release: Release
) -> None:
    watcher = watch()
    await watcher.start()
    await watcher.forget()
    assert len(lives) == 1, "nobody was erased: nothing is to be replaced"
    erased |= {SOMEBODY, OTHER}
    await watcher.forget()
    await watcher.aclose()
    assert [live.version for live in lives] == [release.version] * 2
    after = lives[-1].release
    assert set(release.user_ids.tolist()) - set(after.user_ids.tolist()) == {SOMEBODY, OTHER}
    assert len(after.histories) == len(after.user_ids)
    assert after.models[Algorithm.USER_BASED].users.shape[0] == len(after.user_ids)  # type: ignore[attr-defined]


async def test_without_a_release_there_is_nothing_to_forget(stores: Stores, tmp_path: Path) -> None:
    watcher = Watcher(stores, Settings(RECSTACK_RELEASES_DIR=tmp_path), lambda _: None)
    await watcher.forget()


async def test_rewritten_files_take_the_place_of_the_mapped_ones(
    watch: Callable[[], Watcher], lives: list[LiveRelease], folder: Path, release: Release
) -> None:
    """The old ones are deleted: while they were mapped, they would still be on the disk."""
    watcher = watch()
    await watcher.start()
    await watcher.look()
    assert len(lives) == 1, "the files are what they were"
    assert rewrite_without(folder, release.version, {SOMEBODY}.__contains__)
    await watcher.look()
    assert SOMEBODY not in lives[-1].release.user_ids
    await watcher.look()
    assert len(lives) == 2
    await watcher.aclose()
    lives.pop(0)
    gc.collect()
    gone = [line for line in mapped().splitlines() if str(folder) in line and "(deleted)" in line]
    assert gone == []
