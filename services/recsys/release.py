"""A release: the fitted models, the id maps and the blend that are published together.

A folder named by its version, immutable from the moment that it is there (written beside, flushed, then renamed):

    releases/<version>/manifest.json      version, time, metrics, settings, sha256 of every other file
                       report.html           of the training; not of every release
                       user_ids.npy  item_ids.npy  content_directions.npy  demographics.json  catalogue/
                       histories/  <algorithm>/...

Names that begin with a dot are folders being written or removed; nobody reads them.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import FloatArray, Histories, Recommender
from recsys.algorithms.registry import load_models
from recsys.arrays import load_array, load_csr, save_array, save_csr
from recsys.catalogue_copy import CatalogueCopy
from recsys.demographics import DemographicPrior
from recsys.domain import Algorithm
from recsys.errors import ArtifactCorrupt, NotFound
from recsys.manifest import (
    MANIFEST,
    VERSION_PATTERN,
    AlgorithmEntry,
    Manifest,
    check_version,
    files_of,
    read_manifest,
    sha256_of,
    verify_files,
    write_manifest,
)

REPORT = "report.html"
CONTENT_DIRECTIONS = "content_directions"


@dataclass(frozen=True)
class Release:
    """Everything that answers a request, mapped from disk."""

    version: str
    created_at: datetime
    user_ids: NDArray[np.int64]
    """(n_users,) ascending"""
    item_ids: NDArray[np.int64]
    """(n_items,) ascending"""
    histories: Histories
    """What the models were fitted on: the last known state when PostgreSQL is away."""
    models: Mapping[Algorithm, Recommender]
    """Each by its name, the hybrid and the popularity model among them."""
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Per algorithm, as measured on the split before the refit."""
    snapshot: Mapping[str, Any] = field(default_factory=dict)
    """What the data was: counts, `as_of`, settings of the split and of the event weights."""
    report: str | None = None
    """The training's page as HTML, written but not loaded: `read_report` does that."""
    catalogue: CatalogueCopy | None = None
    """What was on offer when the models were fitted; None in releases from before there were copies."""
    demographics: DemographicPrior | None = None
    """The same; None where nobody stated anything, too."""
    content_directions: FloatArray | None = None
    """(n_words, d) along which texts are searched by nearness; None in releases from before there were any."""


def new_version(now: datetime) -> str:
    """Sorts by time, unique without a counter: `20261124-035012-9f3a`."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def write_release(releases: Path, release: Release) -> str:
    """Write `release` below `releases`, whole or not at all, and flush it to the disk.

    Returns:
        The manifest's sha256, which stands for every file of the release.

    Raises:
        OSError: the disk is full, or a release of this version is there.
        NotFound: `release.version` cannot name a release.
        ValueError: a metric or setting is not finite.
    """
    check_version(release.version)
    with staging(releases, release.version) as folder:
        save_parts(folder, release)
        digest = seal(folder, release)
        folder.rename(releases / release.version)
    flush(releases)
    return digest


def seal(folder: Path, release: Release) -> str:
    """Hash what was saved below `folder` into its manifest, and flush all of it; returns the manifest's sha256."""
    hashes = {path.relative_to(folder).as_posix(): sha256_of(path) for path in files_of(folder)}
    algorithms = {
        name: AlgorithmEntry(model.settings, release.metrics.get(name.value, {}))
        for name, model in release.models.items()
    }
    manifest = Manifest(release.version, release.created_at, release.snapshot, algorithms, hashes)
    digest = write_manifest(folder, manifest)
    for path in [folder, *folder.rglob("*")]:
        flush(path)
    return digest


@contextmanager
def staging(releases: Path, version: str) -> Iterator[Path]:
    """A hidden folder beside the final one, gone afterwards unless it was renamed."""
    folder = releases / f".{version}.writing"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def save_parts(folder: Path, release: Release) -> None:
    """Into an empty folder."""
    if release.report is not None:
        (folder / REPORT).write_text(release.report, encoding="utf-8")
    save_array(folder, "user_ids", release.user_ids)
    save_array(folder, "item_ids", release.item_ids)
    histories = folder / "histories"
    histories.mkdir()
    save_csr(histories, "weights", release.histories.weights)
    save_array(histories, "last_at", release.histories.last_at)
    save_csr(histories, "ratings", release.histories.ratings)
    if release.catalogue is not None:
        release.catalogue.save(folder)
    if release.demographics is not None:
        release.demographics.save(folder)
    if release.content_directions is not None:
        save_array(folder, CONTENT_DIRECTIONS, release.content_directions)
    for name, model in release.models.items():
        (folder / name.value).mkdir()
        model.save(folder / name.value)


def flush(path: Path) -> None:
    """To the disk: a power cut after the release went live must not leave empty files behind."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def verify_release(releases: Path, version: str) -> None:
    """Hash every file against the manifest. Raises `NotFound` or `ArtifactCorrupt`."""
    verify_files(releases / version, read_manifest(releases, version))


def load_release(releases: Path, version: str, *, verify: bool = True) -> Release:
    """Map a release from disk, by default after hashing every file.

    Raises:
        NotFound: there is none of this version, or it was removed during the load.
        ArtifactCorrupt: a file is not what the manifest says.
    """
    manifest = read_manifest(releases, version)
    folder = releases / version
    try:
        if verify:
            verify_files(folder, manifest)
        return _map(folder, manifest)
    except (OSError, ValueError, ArtifactCorrupt) as error:
        if not folder.exists():
            raise NotFound(f"release {version} was removed") from None
        if isinstance(error, ArtifactCorrupt):
            raise
        raise ArtifactCorrupt(f"release {version} cannot be loaded: {error}") from error


def _map(folder: Path, manifest: Manifest) -> Release:
    histories = folder / "histories"
    return Release(
        version=manifest.version,
        created_at=manifest.created_at,
        user_ids=load_array(folder, "user_ids"),
        item_ids=load_array(folder, "item_ids"),
        histories=Histories(
            load_csr(histories, "weights"), load_array(histories, "last_at"), load_csr(histories, "ratings")
        ),
        models=load_models(folder, list(manifest.algorithms)),
        metrics={name.value: entry.metrics for name, entry in manifest.algorithms.items()},
        snapshot=manifest.snapshot,
        catalogue=CatalogueCopy.load(folder),
        demographics=DemographicPrior.load(folder),
        content_directions=(
            load_array(folder, CONTENT_DIRECTIONS) if f"{CONTENT_DIRECTIONS}.npy" in manifest.files else None
        ),
    )


def read_report(releases: Path, version: str) -> bytes:
    """The page of the training that wrote this release, as it was hashed.

    Raises:
        NotFound: there is no such release, or none with a page.
        ArtifactCorrupt: the page is not what the manifest says.
    """
    expected = read_manifest(releases, version).files.get(REPORT)
    if expected is None:
        raise NotFound(f"release {version} has no report")
    try:
        page = (releases / version / REPORT).read_bytes()
    except FileNotFoundError:
        page = b""
    if hashlib.sha256(page).hexdigest() != expected:
        if not (releases / version).exists():
            raise NotFound(f"release {version} was removed")
        raise ArtifactCorrupt(f"{REPORT} of release {version} is not what its manifest says")
    return page


def list_releases(releases: Path) -> list[str]:
    """Versions whose folder is there, oldest first."""
    if not releases.is_dir():
        return []
    return sorted(
        path.name for path in releases.iterdir() if VERSION_PATTERN.fullmatch(path.name) and (path / MANIFEST).is_file()
    )


def remove_release(releases: Path, version: str) -> None:
    """Take a release away: first out of sight as a whole, then its files.

    Who has it mapped keeps it; who is loading it gets `NotFound`. A release that is not there is no error.
    """
    check_version(version)
    hidden = releases / f".{version}.{secrets.token_hex(4)}.removing"
    try:
        (releases / version).rename(hidden)
    except FileNotFoundError:
        return
    shutil.rmtree(hidden, ignore_errors=True)


def remove_leftovers(releases: Path) -> list[str]:
    """Delete what a crash left half written or half removed; the caller holds the lock of the only writer."""
    leftovers = [*releases.glob(".*.writing"), *releases.glob(".*.removing")]
    for path in leftovers:
        shutil.rmtree(path, ignore_errors=True)
    return [path.name for path in leftovers]
