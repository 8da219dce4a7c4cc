from __future__ import annotations

import numpy as np
import pytest

from model_trainer.benchmark import rating
from model_trainer.benchmark.dataset import Dataset, assemble
from model_trainer.benchmark.files import Interactions
from model_trainer.benchmark.run import Bench
from model_trainer.benchmark.validation import Validation
from recsys.domain import Algorithm
from recsys.evaluation.splits import random_split


def rated(*, scale: float = 1.0) -> Dataset:
    """Two camps of users who like opposite halves of the items; a tenth of the cells is train, a twentieth test."""
    rng = np.random.default_rng(6)
    users, items = (axis.ravel() for axis in np.indices((120, 40)))
    values = np.where(users % 2 == items % 2, 4.5, 1.5) + rng.choice([-0.5, 0.0, 0.5], len(users))
    shown = rng.random(len(users))

    def rows(mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Interactions:
        return Interactions(users[mask].astype(str), items[mask].astype(str), scale * values[mask], None)

    return assemble(rows(shown < 0.25), rows(shown > 0.95), texts={}, explicit=True)


def test_settings_are_those_that_predict_the_validation_part_best(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = rated()
    split = random_split(dataset.train, seed=0)
    useless, useful = {"rating_factors": 0, "rating_features": 0}, {"rating_factors": 4, "rating_features": 0}
    monkeypatch.setattr(rating, "TRIES", (useless, useful, useless))
    chosen = rating.choose(dataset, split, seed=0)
    assert chosen is not None
    settings, error = chosen
    assert settings == {**useful, **rating.LONG}
    assert error < 0.8


def test_nothing_to_ask_is_no_choice() -> None:
    dataset = rated()
    nobody = random_split(dataset.train, test_share=0.0)
    assert rating.choose(dataset, nobody, seed=0) is None


def test_the_hybrids_ratings_are_those_of_svd_in_the_files_scale() -> None:
    dataset = rated(scale=20.0)
    names = (Algorithm.SVD, Algorithm.HYBRID, Algorithm.ALS)
    rows = Bench(dataset, (10,), 0, lambda _: None).run(names, Validation.RANDOM, 0.0)[1]
    assert rows[Algorithm.HYBRID].figures["rmse"] == rows[Algorithm.SVD].figures["rmse"]
    assert rows[Algorithm.HYBRID].figures["mae"] < rows[Algorithm.SVD].figures["rmse"] < 20 * 0.8
    assert "rmse" not in rows[Algorithm.ALS].figures
