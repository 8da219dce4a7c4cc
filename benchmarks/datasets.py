"""Turns public research sets, and the generated data, into the files that `python -m model_trainer benchmark` reads.

    python benchmarks/datasets.py SET… [--data FOLDER] --out FOLDER

FOLDER holds the public sets under their names, as published; RECSTACK_TEST_DATA names it by default. Each set, or each
fold of it, becomes a folder with `train.parquet`, `test.parquet`, `items.parquet` where there are texts, and
`set.json`: the protocol and the flags to run `benchmark` with. `generated` needs no data: it is drawn.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "services"), str(Path(__file__).resolve().parents[1])]

from benchmarks import generated  # noqa: E402 - the repository's own packages come by the path above
from benchmarks.public_sets import PUBLIC, Part, PublicSet  # noqa: E402
from recsys.errors import DataRefused  # noqa: E402

GENERATED = "generated"
SETS = {
    **PUBLIC,
    GENERATED: PublicSet(
        generated.parts,
        "the default generated world, the last tenth of the events at one moment for everybody, newly liked items",
        ("--k", "10", "--validation", "time", "--min-value", "0.5"),
        ("recall@10", "ndcg@10"),
    ),
}
DESCRIPTION = "set.json"
REFUSED = 2


@dataclass(frozen=True)
class Prepared:
    """Files of one split that lie in `folder`."""

    folder: Path
    description: dict[str, Any]

    @property
    def flags(self) -> list[str]:
        """All that `benchmark` is to be told, files included."""
        files: dict[str, str] = self.description["files"]
        return [
            *(text for kind, name in files.items() for text in (f"--{kind}", str(self.folder / name))),
            *self.description["flags"],
        ]


def prepare(name: str, data: Path | None, out: Path) -> Iterator[Prepared]:
    """Write the files of each split of the set `name`.

    Raises:
        DataRefused: `data`, the folder of sets, has no such set; None: RECSTACK_TEST_DATA names that folder
    """
    known = SETS[name]
    for part in known.parts(out if name == GENERATED else _source(name, data)):
        folder = out / name / part.fold if part.fold else out / name
        yield write(name, known, part, folder)


def write(name: str, known: PublicSet, part: Part, folder: Path) -> Prepared:
    """One split's files and description, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"train": part.train, "test": part.test} | ({} if part.items is None else {"items": part.items})
    files = {kind: f"{kind}.parquet" for kind in tables}
    for kind, table in tables.items():
        table.to_parquet(folder / files[kind], index=False)
    description = {
        "set": name,
        "fold": part.fold,
        "protocol": known.protocol,
        "files": files,
        "flags": list(known.flags),
        "metrics": list(known.metrics),
        "published": known.published,
        "facts": part.facts,
    }
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n", "utf-8")
    return Prepared(folder, description)


def _source(name: str, data: Path | None) -> Path:
    source = data_folder(data) / name
    if not source.is_dir():
        raise DataRefused(f"There is no folder {name} in {source.parent}.")
    return source


def data_folder(given: Path | None) -> Path:
    """Raises `DataRefused` where no folder of sets was named, or there is none."""
    named = given or (Path(os.environ["RECSTACK_TEST_DATA"]) if os.environ.get("RECSTACK_TEST_DATA") else None)
    if named is None:
        raise DataRefused("Name the folder of the sets: --data FOLDER, or RECSTACK_TEST_DATA in the environment.")
    if not named.is_dir():
        raise DataRefused(f"There is no folder {named}.")
    return named


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sets", nargs="+", choices=[*SETS], metavar="SET", help=", ".join(SETS))
    parser.add_argument("--data", type=Path, help="the folder of the public sets (RECSTACK_TEST_DATA)")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        for name in arguments.sets:
            for prepared in prepare(name, arguments.data, arguments.out):
                print("python -m model_trainer benchmark", shlex.join(prepared.flags))
    except DataRefused as refused:
        print(refused.detail, file=sys.stderr)
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
