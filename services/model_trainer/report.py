"""What a training came to, for the reader of a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from model_trainer.judging import RANDOM, Verdict
from model_trainer.pipeline import Trained
from recsys.domain import Algorithm

COLUMNS = (
    "ndcg@10",
    "precision@10",
    "recall@10",
    "map@10",
    "hit_rate@10",
    "recall@20",
    "coverage@10",
    "diversity@10",
    "novelty@10",
    "rmse",
    "mae",
)


def show(trained: Trained, console: Console, seconds: float) -> None:
    """Print the table of algorithms and metrics, the hybrid's lead, and what it took."""
    verdict = trained.verdict
    if verdict is None:
        console.print("Nobody in the last part of the data had earlier events and liked something new: not judged.")
    else:
        console.print(_table(trained, verdict))
        console.print(_lead(verdict))
    console.print(
        f"Release [bold]{trained.version}[/] is live. {seconds:.1f} s, {trained.peak_memory_mb:,.0f} MB at the most."
    )


def _table(trained: Trained, verdict: Verdict) -> Table:
    table = Table(title=f"Judged on {verdict.n_users:,} users, the whole catalogue ranked", title_justify="left")
    table.add_column("algorithm")
    shown = [name for name in COLUMNS if any(name in row for row in verdict.metrics.values())]
    for name in (*shown, "fit s"):
        table.add_column(name, justify="right")
    for algorithm in _order(verdict):
        row = verdict.metrics[algorithm]
        figures = [f"{row[name]:.4f}" if name in row else "" for name in shown]
        seconds = trained.fit_seconds.get(Algorithm(algorithm)) if algorithm != RANDOM else None
        table.add_row(algorithm, *figures, f"{seconds:.1f}" if seconds is not None else "")
    return table


def _order(verdict: Verdict) -> Sequence[str]:
    """Best first."""
    return sorted(verdict.metrics, key=lambda name: -verdict.metrics[name][COLUMNS[0]])


def _lead(verdict: Verdict) -> str:
    hybrid, popularity = (verdict.metrics[name]["ndcg@10"] for name in (Algorithm.HYBRID, Algorithm.POPULARITY))
    ratio = verdict.versus_popularity
    return (
        f"NDCG@10 of the hybrid is {hybrid:.4f}, of popularity {popularity:.4f}: {ratio.estimate:.2f} times, "
        f"95 % interval {ratio.low:.2f} to {ratio.high:.2f}. "
        f"{verdict.n_newcomers:,} users without earlier events were left out."
    )
