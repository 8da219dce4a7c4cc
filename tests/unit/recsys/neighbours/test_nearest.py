from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recsys.neighbours import nearest
from recsys.neighbours.nearest import NearestItems
from recsys.neighbours.ports import NONE
from recsys.testing.contracts.vectors import drawn


def lists_of(vectors: np.ndarray, listed: int = 6, min_recall: float = 0.9) -> NearestItems:
    made = NearestItems.of(vectors, exact_below=0, listed=listed, min_recall=min_recall)
    assert made is not None
    return made


def test_an_items_list_holds_its_nearest_without_itself() -> None:
    vectors = drawn(500)
    made = lists_of(vectors * np.random.default_rng(1).uniform(0.2, 5, (500, 1)).astype(np.float32))
    products = vectors @ vectors.T
    np.fill_diagonal(products, -np.inf)
    right = np.argsort(-products, axis=1)[:, :6]
    found = [len(set(made[item]) & set(right[item])) / 6 for item in range(500)]
    assert np.mean(found) >= 0.9
    assert not any(item in made[item] for item in range(500))
    for item in range(0, 500, 50):
        assert (np.diff(products[item, made[item]]) <= 1e-6).all()


def test_its_recall_is_measured_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "PROBES", (1,))
    vectors = np.random.default_rng(0).standard_normal((2_000, 16)).astype(np.float32)
    poor = lists_of(vectors, min_recall=0.0)
    assert 0.02 < poor.recall < 0.6
    poor.save(tmp_path)
    loaded = NearestItems.load(tmp_path)
    assert loaded is not None
    assert loaded.recall == poor.recall
    np.testing.assert_array_equal(loaded.columns, poor.columns)
    assert not loaded.columns.flags.writeable
    assert {path.suffix for path in tmp_path.iterdir()} == {".npy", ".json"}


def test_more_cells_are_looked_into_until_the_recall_is_reached() -> None:
    vectors = np.random.default_rng(0).standard_normal((2_000, 16)).astype(np.float32)
    assert lists_of(vectors, min_recall=0.95).recall >= 0.95


def test_where_it_cannot_be_reached_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "PROBES", (1,))
    vectors = np.random.default_rng(0).standard_normal((2_000, 16)).astype(np.float32)
    assert NearestItems.of(vectors, exact_below=0, min_recall=0.95) is None
    assert NearestItems.load(tmp_path) is None


def test_a_small_catalogue_keeps_none() -> None:
    vectors = drawn(50)
    assert NearestItems.of(vectors) is None
    assert NearestItems.of(vectors, exact_below=51) is None
    assert NearestItems.of(vectors, exact_below=50) is not None


def test_items_of_zeros_have_no_list_and_stand_in_none() -> None:
    vectors = drawn(40)
    vectors[[0, 7, 39]] = 0
    made = lists_of(vectors, listed=60)
    assert made[7].tolist() == made[39].tolist() == []
    for item in range(1, 7):
        assert sorted(made[item].tolist()) == [other for other in range(1, 39) if other not in {7, item}]
    assert NearestItems.of(np.zeros((5, 3), np.float32), exact_below=0) is None


def test_of_many_equal_items_each_lists_the_others() -> None:
    made = lists_of(np.repeat(drawn(2), 30, axis=0), listed=5)
    assert (made.columns != NONE).all()
    assert not any(item in made[item] for item in range(60))


def test_what_is_not_finite_is_refused() -> None:
    vectors = drawn(10)
    vectors[3, 2] = np.nan
    with pytest.raises(ValueError, match="finite"):
        NearestItems.of(vectors)
