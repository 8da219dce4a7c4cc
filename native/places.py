"""Where things lie. Standard library only: the installer runs before any package is there."""

from __future__ import annotations

import os
from pathlib import Path

from native.errors import CannotStart

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT_FILE = ROOT / ".env"


def read_environment_file(path: Path | None = None) -> dict[str, str]:
    """`NAME=value` lines; quotes around a value are taken off, comments and everything else are left out."""
    path = path or ENVIRONMENT_FILE
    if not path.is_file():
        return {}
    pairs = (line.strip().partition("=") for line in path.read_text("utf-8").splitlines())
    return {
        name.strip(): value.strip().strip("\"'")
        for name, equals, value in pairs
        if equals and not name.lstrip().startswith("#")
    }


def variable(name: str, default: str = "") -> str:
    """From the environment, else from `.env`; an empty value is no value."""
    return os.environ.get(name) or read_environment_file().get(name) or default


def state_folder() -> Path:
    return ROOT / variable("RECSTACK_STATE_DIR", ".recstack")


def venv_folder() -> Path:
    """From the environment alone: `setup.sh` must find it before anything can read `.env`."""
    return ROOT / os.environ.get("RECSTACK_VENV", ".venv")


def make_folder(folder: Path) -> Path:
    """Create it with its parents. Raises `CannotStart` where this user may not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(
            f"Cannot write to {folder} ({error.strerror}): give this user the folder, "
            "or set RECSTACK_STATE_DIR and RECSTACK_VENV to places it can write to."
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotStart(
            f"Cannot write to {folder}: it belongs to another user; give it to this one (chown), "
            "or set RECSTACK_STATE_DIR and RECSTACK_VENV to places it can write to."
        )
    return folder
