"""`python -m model_trainer benchmark`: the product's own models on somebody's split, outside PostgreSQL."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from model_trainer.benchmark.dataset import assemble
from model_trainer.benchmark.files import read_interactions, read_items, read_pairs
from model_trainer.benchmark.run import COMPONENTS, Bench, Row
from model_trainer.benchmark.summary import Summary
from model_trainer.benchmark.validation import Validation
from model_trainer.exits import Exit
from recsys.domain import Algorithm
from recsys.errors import DataRefused

DEFAULT = (*COMPONENTS, Algorithm.HYBRID)
LONGEST_LIST = 1_000
SHOWN = ("ndcg", "recall")


def benchmark(
    *,
    train: Annotated[Path, typer.Option(help="Interactions to learn from: user_id,item_id[,value][,timestamp].")],
    test: Annotated[Path, typer.Option(help="Interactions to be foreseen; read only to score.")],
    items: Annotated[Path | None, typer.Option(help="Texts: item_id and further columns.")] = None,
    candidates: Annotated[Path | None, typer.Option(help="user_id,item_id: rank only these for the user.")] = None,
    algorithms: Annotated[str, typer.Option(help="Names, with commas between.")] = ",".join(
        [*COMPONENTS, Algorithm.HYBRID]
    ),
    k: Annotated[str, typer.Option("--k", help="Lengths of lists, with commas between.")] = "10,20",
    validation: Annotated[Validation, typer.Option(help="How train is cut to choose on.")] = Validation.AUTO,
    budget: Annotated[float, typer.Option(help="Seconds for the search of settings.")] = 240.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same draws.")] = 0,
    explicit: Annotated[bool, typer.Option("--explicit", help="Values are ratings: RMSE and MAE too.")] = False,
    binary: Annotated[bool, typer.Option("--binary", help="A row is a row, whatever its value.")] = False,
    min_value: Annotated[float | None, typer.Option(help="Rows below are not relevant.")] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Where the figures go.")] = None,
) -> None:
    """Run the product's models on somebody's split; settings and weights are chosen on a part of train alone."""
    progress = Console(stderr=True, highlight=False)
    try:
        names, ks = _names(algorithms), _lengths(k)
        _check_budget(budget)
        if out:
            _check_writable(out)
        dataset = assemble(
            read_interactions(train),
            read_interactions(test),
            texts=read_items(items) if items else {},
            candidates=read_pairs(candidates) if candidates else None,
            explicit=explicit,
            binary=binary,
            min_value=min_value,
        )
        summary = Summary.of(dataset)
        for sentence in summary.sentences():
            progress.print(sentence, soft_wrap=True, markup=False)
        status = progress.status("cutting the validation part")
        say = partial(progress.print, soft_wrap=True, markup=False)
        bench = Bench(dataset, ks, seed, say, status.update)
        # Products are small: threads that wait for each other cost more than they bring.
        with status, threadpool_limits(1, "blas"):
            how, rows = bench.run(names, validation, budget)
        if out:
            _write(out, _report(summary, how, rows, ks, seed))
    except DataRefused as refused:
        progress.print(refused.detail, style="red", soft_wrap=True, markup=False)
        raise typer.Exit(Exit.DATA_REFUSED) from None
    Console(highlight=False).print(_table(rows, ks))


def _names(text: str) -> list[Algorithm]:
    try:
        return [Algorithm(name.strip()) for name in text.split(",")]
    except ValueError as error:
        known = ", ".join(algorithm.value for algorithm in Algorithm)
        raise DataRefused(f"--algorithms: {error}; there are {known}.") from None


def _lengths(text: str) -> list[int]:
    """In the order given."""
    try:
        lengths = list(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        raise DataRefused(f"--k {text!r} is no list of lengths: write for example 10,20.") from None
    if not 1 <= min(lengths) <= max(lengths) <= LONGEST_LIST:
        raise DataRefused(f"--k {text!r}: a list has 1 to {LONGEST_LIST:,} items.")
    return lengths


def _check_budget(seconds: float) -> None:
    if not 0 <= seconds < math.inf:
        raise DataRefused(f"--budget {seconds:g}: a search takes 0 seconds or more.")


def _report(summary: Summary, how: Validation, rows: dict[Algorithm, Row], ks: list[int], seed: int) -> dict[str, Any]:
    return {
        "dataset": {**summary.figures(), "validation": how.value, "seed": seed},
        "algorithms": {
            name.value: {
                **row.figures,
                "settings": row.settings,
                "seconds": row.seconds,
                "peak_memory_mb": row.peak_memory_mb,
                **_lead(row, ks),
            }
            for name, row in rows.items()
        },
    }


def _lead(row: Row, ks: list[int]) -> dict[str, Any]:
    if row.lead is None:
        return {}
    interval = row.lead.interval
    difference = {"difference": interval.estimate, "low": interval.low, "high": interval.high}
    return {"over_best_single": {"algorithm": row.lead.over.value, f"ndcg@{ks[0]}": difference}}


def _check_writable(path: Path) -> None:
    """Before the work, not after it; the folder is made where there is none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        was_there = path.exists()
        with path.open("a", encoding="utf-8"):
            pass
        if not was_there:
            path.unlink()
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> DataRefused:
    return DataRefused(f"{path} cannot be written ({error.strerror}).")


def _write(path: Path, report: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise _unwritable(path, error) from None


def _table(rows: dict[Algorithm, Row], ks: list[int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("algorithm", no_wrap=True)
    columns = [f"{name}@{k}" for k in ks for name in SHOWN] + ["mrr", "rmse"]
    shown = [name for name in columns if any(name in row.figures for row in rows.values())]
    for header in (*shown, "tune s", "fit s"):
        table.add_column(f" {header}", justify="right", no_wrap=True)
    for name, row in sorted(rows.items(), key=lambda entry: -entry[1].figures[f"ndcg@{ks[0]}"]):
        figures = [f"{row.figures[each]:.4f}" if each in row.figures else "" for each in shown]
        table.add_row(name.value, *figures, f"{row.seconds['tune']:.1f}", f"{row.seconds['fit']:.1f}")
    return table
