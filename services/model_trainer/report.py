"""What a training came to, for the reader of a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from model_trainer.baselines import BASELINES
from model_trainer.judging import HEADLINE, Verdict
from model_trainer.pipeline import Trained
from recsys.domain import Algorithm

COLUMNS = {
    "ndcg@10": ("NDCG", 4),
    "precision@10": ("preci-\nsion", 4),
    "recall@10": ("recall", 4),
    "map@10": ("MAP", 4),
    "hit_rate@10": ("hit\nrate", 3),
    "coverage@10": ("cover-\nage", 3),
    "diversity@10": ("diver-\nsity", 3),
    "rmse": ("RMSE", 3),
    "mae": ("MAE", 3),
}
"""Header and decimals: all of them fit into 80 columns."""


def show(trained: Trained, console: Console, seconds: float) -> None:
    """Print the table of algorithms and metrics, the hybrid's lead, and what it took."""
    verdict = trained.verdict
    if verdict is None:
        console.print("Nobody in the last part of the data had earlier events and liked something new: not judged.")
    else:
        console.print(_table(trained, verdict))
        console.print(_lead(verdict), soft_wrap=True)
    console.print(
        f"Release [bold]{trained.version}[/] is live. {seconds:.1f} s, {trained.peak_memory_mb:,.0f} MB at the most.",
        soft_wrap=True,
    )
    console.print(f"The whole report: GET /releases/{trained.version}/report", soft_wrap=True)


def _table(trained: Trained, verdict: Verdict) -> Table:
    title = f"Lists of 10 out of the whole catalogue; users asked: {verdict.n_users:,}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("algorithm", no_wrap=True)
    shown = [name for name in COLUMNS if any(name in row for row in verdict.metrics.values())]
    for header in (*(COLUMNS[name][0] for name in shown), "fit\ns"):
        table.add_column(header, justify="right", no_wrap=True)
    for algorithm in _best_first(verdict):
        row = verdict.metrics[algorithm]
        figures = [f"{row[name]:.{COLUMNS[name][1]}f}" if name in row else "" for name in shown]
        table.add_row(algorithm, *figures, _fit_seconds(trained, algorithm))
    return table


def _fit_seconds(trained: Trained, algorithm: str) -> str:
    if algorithm in BASELINES or Algorithm(algorithm) not in trained.fit_seconds:
        return ""
    return f"{trained.fit_seconds[Algorithm(algorithm)]:.1f}"


def _best_first(verdict: Verdict) -> Sequence[str]:
    return sorted(verdict.metrics, key=lambda name: -verdict.metrics[name][HEADLINE])


def _lead(verdict: Verdict) -> str:
    hybrid, popularity = (verdict.metrics[name][HEADLINE] for name in (Algorithm.HYBRID, Algorithm.POPULARITY))
    ratio = verdict.versus_popularity
    return (
        f"The hybrid's NDCG@10 is {hybrid:.4f}, popularity's {popularity:.4f}: {ratio.estimate:.2f} times as high, "
        f"95 % interval {ratio.low:.2f} to {ratio.high:.2f}. "
        f"{verdict.n_newcomers:,} users without earlier events were left out."
    )
