"""`.env`, made once from `.env.example`, with a secret of its own and readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from native.errors import CannotStart
from native.places import ENVIRONMENT_FILE, ROOT

EXAMPLE = ROOT / ".env.example"
SECRETS = ("RECSTACK_ADMIN_KEY",)
SECRET_BYTES = 24


def fill(example: str) -> str:
    """Give every secret that stands empty in `example` a random value."""
    lines = [
        f"{line}{secrets.token_urlsafe(SECRET_BYTES)}" if line in {f"{name}=" for name in SECRETS} else line
        for line in example.splitlines()
    ]
    return "\n".join(lines) + "\n"


def ensure(path: Path = ENVIRONMENT_FILE, example: Path = EXAMPLE) -> bool:
    """True if it was made now; one that is there stays as it is. Raises `CannotStart`."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise CannotStart(f"Cannot write {path} ({error.strerror}): give this user the folder.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(fill(example.read_text("utf-8")))
    return True
