"""A release: the fitted models, the id maps and the blend that are published together.

A folder named by its version, immutable once `manifest.json` stands in it (written last, by rename):

    releases/<version>/manifest.json      version, time, metrics, settings, sha256 of every other file
                       user_ids.npy  item_ids.npy  histories/  <algorithm>/...
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import Histories, Recommender
from recsys.algorithms.registry import load_models
from recsys.arrays import load_array, load_csr, save_array, save_csr
from recsys.domain import Algorithm
from recsys.errors import ArtifactCorrupt, NotFound

MANIFEST = "manifest.json"
VERSION_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,64}")


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


def new_version(now: datetime) -> str:
    """Sorts by time, unique without a counter: `20261124-035012-9f3a`."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_release(releases: Path, release: Release) -> str:
    """Write `release` below `releases`, whole or not at all; returns the manifest's sha256."""
    staging = releases / f".{release.version}.{os.getpid()}"
    shutil.rmtree(staging, ignore_errors=True)
    (staging / "histories").mkdir(parents=True)
    save_array(staging, "user_ids", release.user_ids)
    save_array(staging, "item_ids", release.item_ids)
    save_csr(staging / "histories", "weights", release.histories.weights)
    save_array(staging / "histories", "last_at", release.histories.last_at)
    save_csr(staging / "histories", "ratings", release.histories.ratings)
    for name, model in release.models.items():
        folder = staging / name.value
        folder.mkdir()
        model.save(folder)
    manifest = {
        "version": release.version,
        "created_at": release.created_at.isoformat(),
        "snapshot": dict(release.snapshot),
        "algorithms": {
            name.value: {"settings": model.settings, "metrics": dict(release.metrics.get(name.value, {}))}
            for name, model in release.models.items()
        },
        "files": {
            str(path.relative_to(staging)): sha256_of(path) for path in sorted(staging.rglob("*")) if path.is_file()
        },
    }
    (staging / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
    staging.rename(releases / release.version)
    return sha256_of(releases / release.version / MANIFEST)


def read_manifest(releases: Path, version: str) -> dict[str, Any]:
    """Raises `NotFound`, or `ArtifactCorrupt` for a manifest that is not one."""
    if not VERSION_PATTERN.fullmatch(version):
        raise NotFound(f"there is no release {version!r}")
    try:
        manifest = json.loads((releases / version / MANIFEST).read_text(encoding="utf-8"))
        return {**manifest, "files": dict(manifest["files"]), "algorithms": dict(manifest["algorithms"])}
    except FileNotFoundError:
        raise NotFound(f"there is no release {version!r}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactCorrupt(f"the manifest of release {version} cannot be read: {error}") from None


def verify_release(releases: Path, version: str) -> None:
    """Hash every file against the manifest; raises `ArtifactCorrupt` naming the first that differs."""
    folder = releases / version
    for name, expected in read_manifest(releases, version)["files"].items():
        path = folder / name
        if not path.is_file() or sha256_of(path) != expected:
            raise ArtifactCorrupt(f"release {version}: {name} does not match its hash")


def load_release(releases: Path, version: str, *, verify: bool = True) -> Release:
    """Map a release from disk. Raises `NotFound` or `ArtifactCorrupt`."""
    manifest = read_manifest(releases, version)
    if verify:
        verify_release(releases, version)
    folder = releases / version
    histories = folder / "histories"
    return Release(
        version=version,
        created_at=datetime.fromisoformat(manifest["created_at"]),
        user_ids=load_array(folder, "user_ids"),
        item_ids=load_array(folder, "item_ids"),
        histories=Histories(
            load_csr(histories, "weights"), load_array(histories, "last_at"), load_csr(histories, "ratings")
        ),
        models=load_models(folder, [Algorithm(name) for name in manifest["algorithms"]]),
        metrics={name: entry["metrics"] for name, entry in manifest["algorithms"].items()},
        snapshot=manifest["snapshot"],
    )
