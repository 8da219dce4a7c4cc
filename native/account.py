"""Whose account PostgreSQL runs under: it refuses root."""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """An existing user of the machine; `drop` says whether we must become it."""

    name: str
    uid: int
    gid: int
    drop: bool

    def spawn_arguments(self) -> dict[str, Any]:
        """Keyword arguments for `subprocess` that run a program under this account."""
        if not self.drop:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can(self, mode: str, path: Path) -> bool:
        """Whether this account passes `test -MODE path` (r, w, x)."""
        done = subprocess.run(
            ["test", f"-{mode}", str(path)], check=False, cwd="/", timeout=10, **self.spawn_arguments()
        )
        return done.returncode == 0

    def own(self, folder: Path) -> None:
        if self.drop:
            os.chown(folder, self.uid, self.gid)

    def make_folder(self, folder: Path) -> Path:
        """Create `folder`, private to this account; folders above keep their modes.

        Raises:
            PermissionError: it is there and somebody else's.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid not in {self.uid, os.geteuid()} or folder.is_symlink():
            raise PermissionError(f"{folder} belongs to somebody else.")
        self.own(folder)
        return folder


def server_account() -> Account:
    """Ourselves, or as root an existing user without rights.

    Raises:
        LookupError: root, and neither `postgres` nor `nobody` exists.
    """
    if os.geteuid() != 0:
        return Account(pwd.getpwuid(os.geteuid()).pw_name, os.geteuid(), os.getegid(), drop=False)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid, drop=True)
    raise LookupError(f"PostgreSQL does not run as root and none of the users {', '.join(CANDIDATES)} exists.")


def private_folder(account: Account, prefix: str) -> Path:
    """A fresh temporary folder that only `account` (and root) can enter; its path is short enough for a socket."""
    for parent in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):  # noqa: S108 - mkdtemp makes it 0700
        if account.can("x", parent):
            folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
            account.own(folder)
            return folder
    raise OSError(f"No temporary folder that the user {account.name} can enter.")
