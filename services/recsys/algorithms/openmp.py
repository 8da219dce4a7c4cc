"""OpenMP for `implicit` on a machine that has none.

`implicit`'s wheel expects the system's `libgomp.so.1`, which slim images lack; scikit-learn's wheel carries one under
another name.
"""

from __future__ import annotations

import ctypes
import os
import tempfile
from importlib.metadata import files
from pathlib import Path

WANTED = "libgomp.so.1"
CARRIER = "scikit-learn"


def ensure_openmp() -> bool:
    """Make `libgomp.so.1` loadable in this process; True if the carried one had to be used.

    Its threads then wait asleep, unless the environment says otherwise: on a machine with other work beside, threads
    that wait busily hold up those that they wait for.

    Raises:
        ImportError: neither the system nor scikit-learn has it; says what to install.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        ctypes.CDLL(WANTED)
    except OSError:
        _load_carried()
        return True
    return False


def _load_carried() -> None:
    found = next((file for file in files(CARRIER) or [] if file.name.startswith("libgomp-")), None)
    if found is None:
        raise ImportError(f"{WANTED} is missing: install your system's libgomp1 package.")
    with tempfile.TemporaryDirectory(prefix="recstack-openmp-") as folder:
        path = Path(folder) / WANTED
        path.write_bytes(renamed(Path(str(found.locate())).read_bytes(), found.name))
        ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)


def renamed(library: bytes, name: str) -> bytes:
    """The library under the name that the loader is asked for: its soname, overwritten in place."""
    return library.replace(name.encode() + b"\0", WANTED.encode().ljust(len(name) + 1, b"\0"))
