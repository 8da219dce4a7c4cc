"""Write `requirements/*.txt`: every version pinned with its hashes, no package index named.

`python -m native.locks [--upgrade]`. The development lock comes first and constrains the others, so that a package has
one version everywhere.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
EXTRAS: dict[str, tuple[str, ...]] = {
    "dev": ("test", "lint"),
    "native": ("native",),
    "data-generator": ("data-generator",),
    "model-trainer": ("model-trainer",),
    "ncf": ("model-trainer", "ncf"),
    "recommendation-api": ("recommendation-api",),
    "mlflow": ("mlflow",),
    "jupyter": ("jupyter",),
}
ALONE = ("demo", "bootstrap")
"""Extras that need nothing of the platform."""
OPTIONS = ("--universal", "--python-version=3.11", "--generate-hashes", "--no-emit-index-url", "--no-header", "--quiet")


def compile_lock(name: str, source: list[str], *, upgrade: bool, stdin: str | None = None) -> None:
    """Write `requirements/NAME.txt`. Raises `CalledProcessError` where there is no solution."""
    command = [sys.executable, "-m", "uv", "pip", "compile", *source, *OPTIONS, "--no-annotate"]
    if name != "dev":
        command += ["--constraints", str(FOLDER / "dev.txt")]
    elif upgrade:
        command += ["--upgrade"]
    command += ["--output-file", str(FOLDER / f"{name}.txt")]
    subprocess.run(command, cwd=ROOT, check=True, input=stdin, text=True, timeout=600)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m native.locks", description="Write the locks in requirements/.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions instead of the pinned ones")
    upgrade = parser.parse_args().upgrade
    for name, extras in EXTRAS.items():
        flags = [part for extra in extras for part in ("--extra", extra)]
        compile_lock(name, ["pyproject.toml", *flags], upgrade=upgrade)
        print(f"requirements/{name}.txt")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for name in ALONE:
        wanted = "\n".join(project["optional-dependencies"][name])
        compile_lock(name, ["-"], upgrade=upgrade, stdin=f"{wanted}\n")
        print(f"requirements/{name}.txt")
    return 0


if __name__ == "__main__":
    sys.exit(main())
