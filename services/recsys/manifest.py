"""What a release's folder says of itself: version, time, settings, metrics, and the hash of every file in it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from recsys.domain import Algorithm
from recsys.errors import ArtifactCorrupt, NotFound

MANIFEST = "manifest.json"
FORMAT = 2
"""Of the folder; a reader refuses what it does not know."""
VERSION_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""No name of another folder: neither `..` nor a hidden one."""


@dataclass(frozen=True, slots=True)
class AlgorithmEntry:
    settings: Mapping[str, Any]
    metrics: Mapping[str, float]
    """As measured on the split before the refit; empty where nothing could be judged."""


@dataclass(frozen=True, slots=True)
class Manifest:
    version: str
    created_at: datetime
    snapshot: Mapping[str, Any]
    algorithms: Mapping[Algorithm, AlgorithmEntry]
    files: Mapping[str, str]
    """sha256 by path relative to the folder, for every file but the manifest."""


def check_version(version: str) -> None:
    """Raises `NotFound` for a name that no release can have."""
    if not VERSION_PATTERN.fullmatch(version):
        raise NotFound(f"there is no release {version!r}")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_of(folder: Path) -> list[Path]:
    """Every file below `folder`, sorted."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def write_manifest(folder: Path, manifest: Manifest) -> str:
    """Write `manifest.json`; returns its sha256, which stands for every file of the release."""
    content = {
        "format": FORMAT,
        "version": manifest.version,
        "created_at": manifest.created_at.isoformat(),
        "snapshot": dict(manifest.snapshot),
        "algorithms": {
            name.value: {"settings": dict(entry.settings), "metrics": dict(entry.metrics)}
            for name, entry in manifest.algorithms.items()
        },
        "files": dict(manifest.files),
    }
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return sha256_of(folder / MANIFEST)


def read_manifest(releases: Path, version: str) -> Manifest:
    """Raises `NotFound`, or `ArtifactCorrupt` for a manifest that is not one or is of another release or format."""
    check_version(version)
    try:
        content = json.loads((releases / version / MANIFEST).read_text(encoding="utf-8"))
        manifest = _parse(content)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"there is no release {version!r}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactCorrupt(f"the manifest of release {version} cannot be read: {error!r}") from None
    if (content["format"], manifest.version) != (FORMAT, version):
        found = f"of release {manifest.version!r} in format {content['format']!r}"
        raise ArtifactCorrupt(f"the manifest of release {version} is {found}")
    return manifest


def _parse(content: Any) -> Manifest:
    return Manifest(
        version=content["version"],
        created_at=datetime.fromisoformat(content["created_at"]),
        snapshot=dict(content["snapshot"]),
        algorithms={
            Algorithm(name): AlgorithmEntry(dict(entry["settings"]), dict(entry["metrics"]))
            for name, entry in content["algorithms"].items()
        },
        files=dict(content["files"]),
    )


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Hash every file (1 s a GB or less); raises `ArtifactCorrupt` naming the first that differs."""
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.is_file() or sha256_of(path) != expected:
            raise ArtifactCorrupt(f"release {manifest.version}: {name} does not match its hash")
