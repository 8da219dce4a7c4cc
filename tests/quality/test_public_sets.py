"""The public sets as they are published: what becomes of them, and what the command finds in the small ones.

Not part of a plain `pytest`: `python -m pytest tests/quality`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from benchmarks.datasets import Prepared, prepare
from model_trainer.cli import app

Preparation = Callable[[str], list[Prepared]]


@pytest.fixture
def prepared(tmp_path: Path) -> Preparation:
    root = os.environ.get("RECSTACK_TEST_DATA")
    if not root:
        pytest.skip("RECSTACK_TEST_DATA is not set: the public research sets are not here")

    def of(name: str) -> list[Prepared]:
        if not (Path(root) / name).is_dir():
            pytest.skip(f"RECSTACK_TEST_DATA has no folder {name}")
        return list(prepare(name, Path(root), tmp_path))

    return of


def _counts(split: Prepared) -> tuple[int, int, int, int]:
    """Train rows, test rows, users, items in both."""
    train, test = (parquet.read_table(split.folder / f"{kind}.parquet") for kind in ("train", "test"))
    users, items = (
        len({*pc.unique(train[name]).to_pylist(), *pc.unique(test[name]).to_pylist()})
        for name in ("user_id", "item_id")
    )
    return train.num_rows, test.num_rows, users, items


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("gowalla", (810_128, 217_242, 29_858, 40_981)),
        ("citeulike-a", (55_510, 149_476, 5_551, 16_980)),
        ("amazon-beauty", (198_502 - 22_363, 22_363, 22_363, 12_101)),
        ("anime", (418_467, 102_142, 5_000, 7_390)),
        ("ml-latest-small", (80_251, 19_753, 671, 9_066)),
    ],
)
def test_nothing_is_lost(prepared: Preparation, name: str, counts: tuple[int, int, int, int]) -> None:
    (only,) = prepared(name)
    assert _counts(only) == counts


def test_the_folds_are_fifths(prepared: Preparation) -> None:
    folds = prepared("ml-100k")
    assert [_counts(fold) for fold in folds] == [(80_000, 20_000, 943, 1_682)] * 5


def _figures(split: Prepared, out: Path, *flags: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["benchmark", *split.flags, *flags, "--json", str(out)])
    assert done.exit_code == 0, done.output
    rows: dict[str, Any] = json.loads(out.read_text())["algorithms"]
    return rows


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_short_search_finds_a_blend_that_no_single_algorithm_beats_by_far(
    prepared: Preparation, tmp_path: Path
) -> None:
    rows = _figures(prepared("ml-latest-small")[0], tmp_path / "out.json", "--budget", "20")
    assert rows["hybrid"]["ndcg@10"] > 0.33
    assert rows["hybrid"]["ndcg@10"] > 1.8 * rows["popularity"]["ndcg@10"]
    assert rows["hybrid"]["over_best_single"]["ndcg@10"]["high"] > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ratings_are_foreseen_as_well_as_by_known_factorisations(prepared: Preparation, tmp_path: Path) -> None:
    rows = _figures(prepared("ml-100k")[0], tmp_path / "out.json", "--budget", "10", "--algorithms", "svd")
    assert rows["svd"]["rmse"] < 0.95
    assert rows["svd"]["mae"] < rows["svd"]["rmse"]
