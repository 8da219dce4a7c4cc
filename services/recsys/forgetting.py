"""Taking users out of a release: of the one in memory at once, of the files when a training comes.

A release is immutable but for this. The rewritten folder is made whole and flushed beside the old one, under a name
that says that it is complete; only then the old one goes. A crash between leaves work that `finish_rewrites` ends.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import IndexArray
from recsys.algorithms.registry import of_users
from recsys.manifest import files_of, read_manifest
from recsys.release import Release, flush, load_release, remove_release, save_parts, seal, staging

SUFFIX = ".rewritten"

IsErased = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Rewritten:
    version: str
    manifest_sha256: str
    users: int
    """How many went."""
    changed: tuple[str, ...]
    """Files that are others now, the manifest left out."""


def erased_rows(user_ids: NDArray[np.int64], is_erased: IsErased) -> IndexArray:
    """Rows of those for whom `is_erased` holds; a keyed hash each, about a microsecond."""
    return np.array([row for row, user_id in enumerate(user_ids.tolist()) if is_erased(user_id)], np.int32)


def without_users(release: Release, rows: IndexArray) -> Release:
    """The release as if these users had no row in it; itself where there are none to leave out.

    What was learned from everybody together (items' vectors and similarities, popularity) stays.
    """
    if not len(rows):
        return release
    kept = np.setdiff1d(np.arange(len(release.user_ids), dtype=np.int32), rows)
    return replace(
        release,
        user_ids=release.user_ids[kept],
        histories=release.histories.rows(kept),
        models=of_users(release.models, kept),
    )


def rewrite_without(releases: Path, version: str, is_erased: IsErased) -> Rewritten | None:
    """Write a kept release anew without its erased users, with a new manifest; None where it has none of them.

    Whoever has the old files mapped keeps them; who loads meanwhile gets either, or for a moment `NotFound`.

    Raises:
        NotFound: there is none of this version
        ArtifactCorrupt: a file is not what the manifest says
        OSError: the disk is full; the old release stays
    """
    release = load_release(releases, version)
    rows = erased_rows(release.user_ids, is_erased)
    if not len(rows):
        return None
    before = read_manifest(releases, version).files
    with staging(releases, version) as folder:
        save_parts(folder, without_users(release, rows))
        for name in before.keys() - {path.relative_to(folder).as_posix() for path in files_of(folder)}:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(releases / version / name, folder / name)
        digest = seal(folder, release)
        folder.rename(releases / f".{version}{SUFFIX}")
    flush(releases)
    _take_place(releases, version)
    after = read_manifest(releases, version).files
    changed = tuple(sorted(name for name, sha256 in after.items() if before.get(name) != sha256))
    return Rewritten(version, digest, len(rows), changed)


def finish_rewrites(releases: Path) -> list[str]:
    """End what a crash interrupted between the old folder and the new one; versions. The caller is the only writer."""
    versions = [path.name[1 : -len(SUFFIX)] for path in sorted(releases.glob(f".*{SUFFIX}"))]
    for version in versions:
        _take_place(releases, version)
    return versions


def _take_place(releases: Path, version: str) -> None:
    remove_release(releases, version)
    (releases / f".{version}{SUFFIX}").rename(releases / version)
    flush(releases)
