"""What is live, changed by a person: the registry's alias decides, every worker follows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recommendation_api.serving import Serving
from recsys.deployments import REMEMBERED, release_before
from recsys.errors import ArtifactCorrupt, Conflict, NotFound
from recsys.manifest import Manifest, read_manifest
from recsys.release import list_releases
from recsys.stores import Stores

PROMOTED = "promoted over HTTP with the admin's key"
ROLLED_BACK = "rolled back from {} over HTTP with the admin's key"


@dataclass(frozen=True, slots=True)
class Change:
    release: str
    previous: str | None
    """What the alias pointed to before."""


@dataclass(frozen=True, slots=True)
class KnownRelease:
    """On disk; without a manifest there is a `problem`."""

    version: str
    manifest: Manifest | None
    problem: str | None = None


def known_releases(folder: Path) -> list[KnownRelease]:
    """Those whose files are there, newest first."""
    return [known for version in reversed(list_releases(folder)) if (known := _known(folder, version))]


def _known(folder: Path, version: str) -> KnownRelease | None:
    """None for one that was removed a moment ago."""
    try:
        return KnownRelease(version, read_manifest(folder, version))
    except NotFound:
        return None
    except ArtifactCorrupt as error:
        return KnownRelease(version, None, error.detail)
    except OSError as error:
        return KnownRelease(version, None, f"the manifest of release {version} cannot be read: {error.strerror}")


async def promote(version: str, serving: Serving, stores: Stores) -> Change:
    """Raises `NotFound`, `Conflict` for a release that cannot be served, `Unavailable`; then nothing has changed."""
    previous = await stores.registry.champion()
    with _refusing():
        await serving.change_release(version, "promote", PROMOTED)
    return Change(version, previous)


async def roll_back(serving: Serving, stores: Stores, folder: Path) -> Change:
    """Back to what was live before, as `promote`. Raises `Conflict` where nothing was, or another change came first."""
    live = await stores.registry.champion()
    if live is None:
        raise Conflict("nothing is live: there is nothing to roll back from")
    history = await stores.deployments.newest(REMEMBERED)
    target = release_before(live, history, list_releases(folder))
    if target is None:
        raise Conflict(f"no release that is kept was live before {live}")
    with _refusing():
        await serving.change_release(target, "rollback", ROLLED_BACK.format(live), instead_of=live)
    return Change(target, live)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except ArtifactCorrupt as error:
        raise Conflict(error.detail) from error
