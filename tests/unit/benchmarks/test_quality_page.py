"""The page says what the runs found: folds averaged, the best named, others beside it."""

from __future__ import annotations

from typing import Any

from benchmarks.quality_page import algorithms, best_single, page
from benchmarks.runs import Run

COMMAND = "python -m model_trainer benchmark --train sets/films/train.parquet"
SECONDS = {"tune": 1.0, "fit": 2.0, "recommend": 3.0}


def _row(**figures: float) -> dict[str, Any]:
    named = {name.replace("_at_", "@"): value for name, value in figures.items()}
    return {**named, "settings": {"factors": 8}, "seconds": SECONDS, "peak_memory_mb": 100.0}


def _run(rows: dict[str, dict[str, Any]], fold: str | None = None, command: str = COMMAND) -> Run:
    description = {
        "set": "films",
        "fold": fold,
        "protocol": "the last film of each",
        "metrics": ["ndcg@10", "rmse"],
        "published": {"Somebody": {"ndcg@10": 0.25}, "Another": {"rmse": 0.9}},
        "facts": {"ceiling ndcg@10": 0.5},
    }
    told = {"users": 5, "items": 1234, "train": 70, "test": 8, "cold_users": 1, "validation": "last", "seed": 0}
    figures = {"algorithms": rows, "dataset": told}
    return Run("films", fold, command, "c0de", "abc123", 12.0, "2 cores", description, figures)


def _folds() -> list[Run]:
    lead = {"algorithm": "als", "ndcg@10": {"difference": 0.1, "low": 0.05, "high": 0.15}}
    return [
        _run(
            {
                "popularity": _row(ndcg_at_10=0.1, recall_at_10=0.2),
                "als": _row(ndcg_at_10=als, recall_at_10=0.3),
                "svd": _row(ndcg_at_10=0.2, recall_at_10=0.3, rmse=rmse),
                "hybrid": _row(ndcg_at_10=0.4, recall_at_10=0.5) | {"over_best_single": lead},
            },
            fold,
        )
        for fold, als, rmse in (("u1", 0.2, 0.8), ("u2", 0.3, 1.0))
    ]


def test_folds_are_averaged() -> None:
    rows = algorithms(_folds())
    assert rows["als"]["ndcg@10"] == 0.25
    assert rows["svd"]["rmse"] == 0.9
    assert "settings" not in rows["als"]


def test_the_best_is_the_lowest_where_it_is_an_error() -> None:
    rows = {"a": {"rmse": 2.0, "ndcg@10": 0.1}, "b": {"rmse": 1.0, "ndcg@10": 0.2}, "hybrid": {"ndcg@10": 0.9}}
    assert best_single(rows, "rmse") == "b"
    assert best_single(rows, "ndcg@10") == "b"
    assert best_single(rows, "mrr") is None


def test_every_line_is_there() -> None:
    compared = _run({"als": _row(ndcg_at_10=0.35) | {"tried": 24}}, command="python benchmarks/implicit_models.py")
    lines = page([*_folds(), compared], ["films", "books"]).splitlines()
    others = "Somebody 0.2500, implicit als 0.3500, ceiling of the true tastes 0.5000"
    sizes = "5 users, 1,234 items, 70 train rows, 8 test rows; 1 of the asked users have no row in train"
    lead = "+0.1000 ndcg@10 over als, 95 % within +0.0500..+0.1500"
    for line in (
        f"| films | ndcg@10 | 0.4000 | 0.2500 als | 0.1000 | {others} |",
        "| films | rmse | - | 0.9000 svd | - | Another 0.9000 |",
        "| algorithm | ndcg@10 | rmse | recall@10 | tune s | fit s | recommend s | peak MB |",
        "| svd | 0.2000 | 0.9000 | 0.3000 | 1.0 | 2.0 | 3.0 | 100 |",
        f"2 folds, the first of them: {sizes}. Validation part: last.",
        f"The hybrid's lead over the best single algorithm: u1: {lead}; u2: {lead}.",
        'u2 als: {"factors": 8}',
        "Settings tried on the same validation part: als 24.",
        COMMAND,
        "Took 12, 12 s on 2 cores, commit abc123.",
        "Left out, as no run of them is kept: books.",
    ):
        assert line in lines, line
