"""The locks as committed: pinned, hashed, naming no package index, and what pyproject asks for."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from native.locks import ALONE, EXTRAS, FOLDER
from native.places import ROOT

PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>[^\\]+?))? \\")
HASH = re.compile(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?")
LOCKS = [*EXTRAS, *ALONE]
Pins = dict[tuple[str, str], str]


@cache
def pins(lock: str) -> Pins:
    """(name, marker) to version; fails on any line that is neither a pin nor a hash."""
    found: Pins = {}
    hashes = 1
    for line in (FOLDER / f"{lock}.txt").read_text().splitlines():
        if match := PIN.fullmatch(line):
            assert hashes, f"{lock}: the pin before {line} has no hash"
            found[match["name"], match["marker"] or ""] = match["version"]
            hashes = 0
        else:
            assert HASH.fullmatch(line), f"{lock}: {line}"
            hashes += 1
    assert hashes
    return found


def requirements(*extras: str) -> list[Requirement]:
    """What pyproject asks for, extras of our own unfolded."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = [Requirement(text) for text in project["dependencies"]]
    waiting = list(extras)
    while waiting:
        for requirement in map(Requirement, project["optional-dependencies"][waiting.pop()]):
            if requirement.name == project["name"]:
                waiting.extend(requirement.extras)
            else:
                found.append(requirement)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_a_pin_or_its_hash(lock: str) -> None:
    assert pins(lock)


@pytest.mark.parametrize("lock", EXTRAS)
def test_what_pyproject_asks_for_is_there(lock: str) -> None:
    versions: dict[str, list[str]] = {}
    for (name, _), version in pins(lock).items():
        versions.setdefault(canonicalize_name(name), []).append(version)
    for requirement in requirements(*EXTRAS[lock]):
        locked = versions.get(canonicalize_name(requirement.name))
        assert locked, f"{lock} lacks {requirement}: run make lock"
        assert all(requirement.specifier.contains(version) for version in locked), f"{lock}: {requirement} {locked}"


@pytest.mark.parametrize("lock", [lock for lock in LOCKS if lock != "dev"])
def test_a_package_has_one_version_everywhere(lock: str) -> None:
    everywhere = {(name, version) for (name, _), version in pins("dev").items()}
    assert {(name, version) for (name, _), version in pins(lock).items()} <= everywhere


def test_there_is_no_lock_that_is_never_made() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(LOCKS)


def test_the_api_holds_nothing_that_only_training_needs() -> None:
    names = {name for name, _ in pins("recommendation-api")}
    assert not names & {"mlflow", "mlflow-skinny", "optuna", "keras", "jax", "plotly", "pandas", "matplotlib"}


def test_no_file_names_an_index() -> None:
    for path in [*FOLDER.iterdir(), ROOT / "pyproject.toml", ROOT / "setup.sh", *Path(ROOT / "native").rglob("*.py")]:
        assert not re.search(r"https?://(?!127\.0\.0\.1|\{)[\w.-]+", path.read_text()), path
