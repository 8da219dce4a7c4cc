"""Make `.venv/` and fill it from a lock: `python -m native.install [--dev | --ncf | --demo]`.

Standard library only: it runs under the machine's own Python. uv installs, quickly; where it cannot, pip does. Both
check every file against the hash in the lock.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from native import pip_settings
from native.errors import CannotStart
from native.lock import only_one
from native.places import ROOT, make_folder, state_folder, venv_folder

LOCKS = ROOT / "requirements"
NEEDED_BYTES = 2_500_000_000
OLDEST, NEWEST = (3, 11), (3, 13)
MINUTES = 60
DOWNLOAD_LIMIT = 15 * MINUTES


HOLDS = {
    "demo": ("demo",),
    "native": ("demo", "native"),
    "ncf": ("ncf",),
    "dev": ("demo", "native", "ncf", "dev"),
}
"""Lock to the locks that are satisfied once it is installed."""
BESIDE = {"ncf": ("native",)}
"""Lock to the locks that it is installed on top of."""


def digest(lock: str) -> str:
    return hashlib.sha256((LOCKS / f"{lock}.txt").read_bytes()).hexdigest()


def python_of(venv: Path) -> Path:
    return venv / "bin" / "python"


def read_stamp(venv: Path) -> dict[str, str]:
    """Lock name to the digest that was installed last; empty where nothing was finished."""
    path = venv / "recstack.json"
    try:
        stamp = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(venv: Path, lock: str, earlier: dict[str, str] | None = None) -> None:
    stamp = (earlier or {}) | {held: digest(held) for held in HOLDS[lock]}
    (venv / "recstack.json").write_text(json.dumps(stamp))


def works(venv: Path) -> bool:
    """Whether the folder holds a Python of a version we support, with pip."""
    question = f"import sys, pip; sys.exit(not {OLDEST} <= sys.version_info[:2] <= {NEWEST})"
    try:
        done = subprocess.run([str(python_of(venv)), "-c", question], check=False, capture_output=True, timeout=60)
    except OSError:
        return False
    return done.returncode == 0


def make_venv(venv: Path) -> None:
    """Create it, or mend what is left of an older one. Raises `CannotStart`."""
    if venv.exists() and any(venv.iterdir()) and not (venv / "pyvenv.cfg").exists():
        raise CannotStart(f"{venv} is there and is no virtual environment: move it away or set RECSTACK_VENV.")
    make_folder(venv)
    if (free := shutil.disk_usage(venv).free) < NEEDED_BYTES:
        raise CannotStart(
            f"The disk is full: {free / 1e9:.1f} GB are free below {venv}, the packages need "
            f"{NEEDED_BYTES / 1e9:.1f} GB; make room or set RECSTACK_VENV to another disk."
        )
    done = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(venv)], check=False, capture_output=True, text=True, timeout=300
    )
    if done.returncode != 0:
        shutil.rmtree(venv, ignore_errors=True)
        version = ".".join(map(str, sys.version_info[:2]))
        raise CannotStart(
            f"This Python ({sys.executable}) cannot make virtual environments: install what it lacks "
            f"(Debian, Ubuntu: apt-get install python{version}-venv) and run ./setup.sh again."
        )


def link_packages(venv: Path) -> None:
    """Make the repository's packages importable from every folder."""
    for site in venv.glob("lib/python*/site-packages"):
        (site / "recstack.pth").write_text(f"{ROOT / 'services'}\n", "utf-8")


def run(command: Sequence[str], log: IO[str], environment: dict[str, str]) -> bool:
    log.write(f"$ {' '.join(command)}\n")
    log.flush()
    try:
        done = subprocess.run(
            command,
            check=False,
            stdout=log,
            stderr=log,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=DOWNLOAD_LIMIT,
        )
    except subprocess.TimeoutExpired:
        log.write(f"stopped after {DOWNLOAD_LIMIT // MINUTES} minutes\n")
        return False
    return done.returncode == 0


def install_packages(venv: Path, lock: str, log: IO[str]) -> bool:
    """uv, twice, then pip; False where none of them could."""
    python = str(python_of(venv))
    environment = dict(os.environ)
    file = str(LOCKS / f"{lock}.txt")
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--require-hashes", "-r"]
    uv = [python, "-m", "uv", "pip", "install", "--python", python, "--require-hashes", "-r", file]
    for_uv = {**environment, "UV_HTTP_RETRIES": "5", "UV_LINK_MODE": environment.get("UV_LINK_MODE", "hardlink")}
    for_uv |= pip_settings.uv_variables(pip_settings.read(python_of(venv)), environment)
    if not run([*pip, str(LOCKS / "bootstrap.txt")], log, environment):
        return False
    return run(uv, log, for_uv) or run(uv, log, for_uv) or run([*pip, file], log, environment)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say what is done, and afterwards how long it took."""
    began = time.monotonic()
    if sys.stdout.isatty():
        print(f"  … {name}", end="\r", flush=True)
    try:
        yield
    except BaseException:
        print(f"  ✗ {name}", flush=True)
        raise
    print(f"  ✓ {name}  {time.monotonic() - began:.1f} s", flush=True)


def install(lock: str) -> None:
    """Do what is missing; nothing at all where the lock is the one that was installed. Raises `CannotStart`."""
    venv = venv_folder()
    earlier = read_stamp(venv)
    if earlier.get(lock) == digest(lock) and works(venv):
        link_packages(venv)
        return
    if not works(venv):
        with step(f"Virtual environment ({venv})"):
            make_venv(venv)
    (venv / "recstack.json").unlink(missing_ok=True)
    path = make_folder(state_folder() / "logs") / "install.log"
    with step("Python packages"), path.open("w", encoding="utf-8") as log:
        if not install_packages(venv, lock, log):
            raise CannotStart(
                "The Python packages could not be installed: check the network and pip's settings (index, proxy, "
                f"certificate), then run ./setup.sh again; what happened stands in {path}."
            )
    link_packages(venv)
    write_stamp(venv, lock, earlier)


def main() -> int:
    try:
        with only_one(state_folder() / "run"):
            wanted = next((lock for lock in HOLDS if f"--{lock}" in sys.argv[1:]), "native")
            for lock in (*BESIDE.get(wanted, ()), wanted):
                install(lock)
    except CannotStart as reason:
        print(f"✗ {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; ./setup.sh goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
