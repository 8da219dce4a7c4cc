"""A split by hand: each figure of what is special about it."""

from __future__ import annotations

import numpy as np

from model_trainer.benchmark.dataset import Dataset, assemble
from model_trainer.benchmark.files import Interactions
from model_trainer.benchmark.summary import Summary


def _rows(text: str, values: list[float] | None = None) -> Interactions:
    users, items = zip(*(pair.split(":") for pair in text.split()), strict=True)
    return Interactions(np.array(users), np.array(items), None if values is None else np.array(values), None)


def _split() -> Dataset:
    train = _rows("u:a u:a u:b v:b")
    test = _rows("u:a u:a u:c v:z v:a w:b w:q x:c", [5, 4, 5, 5, 5, 5, 5, 1])
    pairs = np.array(["u", "u", "v", "stranger"]), np.array(["a", "c", "b", "e"])
    return assemble(train, test, texts={"c": "", "d": ""}, candidates=pairs, min_value=2)


def test_every_figure() -> None:
    assert Summary.of(_split()).figures() == {
        "users": 4,
        "items": 5,
        "train": 4,
        "test": 7,
        "test_users": 3,
        "cold_users": 1,
        "test_items_outside": 2,
        "test_pairs_in_train": 1,
        "test_pairs_not_candidates": 2,
    }


def test_only_what_is_there_is_told() -> None:
    assert Summary.of(_split()).sentences() == [
        "4 users, 5 items, 4 train and 7 test rows",
        "1 test users have no row in train: they get the cold list",
        "2 test items are outside the catalogue: they are missed",
        "1 test pairs are in train too, where they are not ranked: they are missed",
        "2 test pairs are not among their user's candidates: they are missed",
    ]
    plain = assemble(_rows("u:a v:b"), _rows("u:b"), texts={})
    assert Summary.of(plain).sentences() == ["2 users, 2 items, 2 train and 1 test rows"]
