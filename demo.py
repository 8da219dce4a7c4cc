#!/usr/bin/env python3
"""A guided tour of the running platform, over HTTP only. Every promise on the way is checked.

Exits with 0 when all were kept, 1 when one was broken, 2 when there is nothing to tour.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

NO_TOUR = 2


def _continue_in_venv() -> NoReturn:
    """Start again under an interpreter that has the libraries; it is made where there is none."""
    root = Path(__file__).resolve().parent
    python = root / os.environ.get("RECSTACK_VENV", ".venv") / "bin" / "python"
    inside = Path(sys.prefix).resolve() == python.parent.parent.resolve()
    if inside or (not python.exists() and subprocess.call(["/bin/sh", str(root / "setup.sh"), "install", "--demo"])):
        sys.stderr.write("demo.py needs Python packages that are not there: ./setup.sh install brings them.\n")
        raise SystemExit(NO_TOUR)
    os.execv(str(python), [str(python), *sys.argv])  # noqa: S606 - our own interpreter, our own arguments


try:
    from tour.run import main
except ImportError:
    _continue_in_venv()

if __name__ == "__main__":
    sys.exit(main())
