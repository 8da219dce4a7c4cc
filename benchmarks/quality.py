"""Runs the benchmark command on every set that is there, and writes `docs/quality.md` from what it found.

    python benchmarks/quality.py [SET…] [--data FOLDER] [--out FOLDER] [--budget SECONDS] [--again] [--report]

FOLDER of --data, or RECSTACK_TEST_DATA, holds the public sets; those that are not there are left out. Runs are kept
below --out: what has been run with the same command and code is not run again, so that a run that broke off goes on.
With --report nothing is run. Settings are chosen on train alone, with one seed; folds are averaged.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "services"), str(Path(__file__).resolve().parents[1])]

from benchmarks.datasets import SETS, Prepared, prepare  # noqa: E402 - by the path above
from benchmarks.quality_page import page  # noqa: E402
from benchmarks.runs import ROOT, Run, load, measured  # noqa: E402
from recsys.errors import DataRefused  # noqa: E402

SEED = 0
BUDGETS = {
    "ml-100k": 60,
    "gowalla": 300,
    "citeulike-a": 300,
    "amazon-beauty": 120,
    "anime": 180,
    "ml-latest-small": 60,
    "generated": 150,
}
"""Seconds of search, each fold."""
COMPARED = ("anime", "ml-latest-small")
"""Sets on which implicit's models are tuned too."""
OUT = ROOT / ".recstack" / "quality"
PAGE = ROOT / "docs" / "quality.md"


def run(name: str, data: Path | None, out: Path, budget: float, *, again: bool) -> list[Run]:
    """The runs of each split of the set. Raises `DataRefused` where it is not there, or the command fails."""
    runs = []
    for prepared in prepare(name, data, out / "sets"):
        for script, key in _scripts(name, prepared, budget):
            shown = shlex.join(["python", *script, *_flags(prepared, out)])
            print(shown, flush=True)
            path = out / "runs" / f"{key}.json"
            runs.append(measured(path, [*script, *prepared.flags], shown, prepared.description, again=again))
    return runs


def _scripts(name: str, prepared: Prepared, budget: float) -> Iterator[tuple[list[str], str]]:
    """What is run on a split beside its flags, and where it is kept."""
    fold = prepared.description["fold"]
    chosen = ["--budget", f"{budget:g}", "--seed", str(SEED)]
    yield ["-m", "model_trainer", "benchmark", *chosen], f"{name}-{fold}" if fold else name
    if name in COMPARED:
        yield ["benchmarks/implicit_models.py", "--seed", str(SEED)], f"{name}-implicit"


def _flags(prepared: Prepared, out: Path) -> list[str]:
    """With files named as `datasets.py --out sets` writes them."""
    return [text.replace(str(out / "sets"), "sets") for text in prepared.flags]


def kept(out: Path) -> list[Run]:
    """Every run below `out`."""
    return [found for path in sorted((out / "runs").glob("*.json")) if (found := load(path))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sets", nargs="*", metavar="SET", help=", ".join(SETS))
    parser.add_argument("--data", type=Path, help="the folder of the public sets (RECSTACK_TEST_DATA)")
    parser.add_argument("--out", type=Path, default=OUT, help="where files and runs are kept")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--budget", type=float, help="seconds of search for every set")
    parser.add_argument("--again", action="store_true", help="run what has been run too")
    parser.add_argument("--report", action="store_true", help="run nothing, write the page")
    arguments = parser.parse_args()
    if unknown := set(arguments.sets) - set(SETS):
        parser.error(f"no such set: {', '.join(sorted(unknown))}; there are {', '.join(SETS)}")
    for name in [] if arguments.report else arguments.sets or SETS:
        try:
            run(name, arguments.data, arguments.out, arguments.budget or BUDGETS[name], again=arguments.again)
        except DataRefused as refused:
            print(f"{name} is left out: {refused.detail}", file=sys.stderr)
    arguments.page.write_text(page(kept(arguments.out), [*SETS]), "utf-8")


if __name__ == "__main__":
    main()
