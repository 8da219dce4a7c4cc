"""Runs of the benchmark command that are kept: not made again while command and code stay the same."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recsys.errors import DataRefused

ROOT = Path(__file__).resolve().parents[1]
JUDGED = (
    *("recsys/algorithms", "recsys/evaluation", "recsys/preferences.py", "data_generator"),
    *("model_trainer/benchmark", "model_trainer/tuning"),
)
"""Below services/: the code that figures depend on."""
LONGEST_SECONDS = 6 * 3600.0


@dataclass(frozen=True)
class Run:
    """One benchmark of one split, or another script's figures of it."""

    set: str
    fold: str | None
    command: str
    """As anyone can type it in the repository's root."""
    code: str
    """Digest of what was run."""
    commit: str
    seconds: float
    machine: str
    description: dict[str, Any]
    """The split's, as `set.json` has it."""
    figures: dict[str, Any]
    """What the command wrote."""

    def save(self, path: Path) -> None:
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")
        draft.replace(path)


def load(path: Path) -> Run | None:
    """None where there is no such run, or none that this version wrote."""
    try:
        return Run(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def measured(path: Path, command: Sequence[str], shown: str, description: dict[str, Any], *, again: bool) -> Run:
    """The run kept at `path`, or a new one of `command`, which writes its figures where `--json` tells.

    Args:
        path: where the run is kept
        command: its arguments, without Python and `--json`
        shown: the command as it is printed; the same one on the same code is not run again
        description: of the split
        again: run in any case

    Raises:
        DataRefused: the command failed, with the last of what it said
    """
    code = code_digest()
    kept = load(path)
    if kept and not again and (kept.command, kept.code) == (shown, code):
        return kept
    path.parent.mkdir(parents=True, exist_ok=True)
    out = path.with_suffix(".figures.json")
    began = time.monotonic()
    _call([sys.executable, *command, "--json", str(out)], path.with_suffix(".log"))
    seconds = time.monotonic() - began
    figures = json.loads(out.read_text("utf-8"))
    out.unlink()
    name, fold = description["set"], description["fold"]
    run = Run(name, fold, shown, code, commit(), seconds, machine(), description, figures)
    run.save(path)
    return run


def _call(command: list[str], log: Path) -> None:
    threads = {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(ROOT / "services"), str(ROOT)])}
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(  # noqa: S603 - our own commands
            command, stdout=file, stderr=file, env={**os.environ, **threads}, timeout=LONGEST_SECONDS, check=False
        )
    if done.returncode:
        said = log.read_text("utf-8").strip().splitlines()
        raise DataRefused(f"{shlex.join(command[1:4])} … ended with {done.returncode}: {' '.join(said[-3:])}")


def code_digest() -> str:
    """The same for the same sources."""
    digest = hashlib.sha256()
    for name in JUDGED:
        place = ROOT / "services" / name
        for source in sorted(path for path in (place, *place.rglob("*.py")) if path.is_file()):
            digest.update(str(source.relative_to(ROOT)).encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def commit() -> str:
    """Of the repository, `unknown` outside of one; marked where sources have changed since."""
    try:
        asked = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude", "*"]
        told = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return told.stdout.strip()


def machine() -> str:
    return f"{os.cpu_count()} cores, {_memory_gb():.0f} GB, Python {platform.python_version()}"


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
