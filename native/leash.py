"""Become a program that ends when the process that started it ends, however that ends.

Run as a script, by path: it imports nothing of ours, so that it starts in milliseconds.
`leash.py PARENT_PID SIGNAL UID:GID COMMAND...`; an empty UID:GID keeps the account.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def become(account: str) -> None:
    if account:
        uid, gid = (int(part) for part in account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def tie(signum: int) -> None:
    """Have the kernel send `signum` when the parent thread ends. Must follow `become`, which would undo it."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signum)


def main(parent: str, signum: str, account: str, *command: str) -> None:
    become(account)
    tie(int(signum))
    if os.getppid() != int(parent):
        sys.exit(1)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(*sys.argv[1:])
