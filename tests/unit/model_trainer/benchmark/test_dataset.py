"""Opaque ids become rows and columns; what the protocol asks is kept."""

from __future__ import annotations

import numpy as np
import pytest

from model_trainer.benchmark.dataset import assemble
from model_trainer.benchmark.files import Interactions
from recsys.errors import DataRefused
from recsys.preferences import SEEN_ONLY


def _rows(text: str, values: list[float] | None = None, at: list[float] | None = None) -> Interactions:
    users, items = zip(*(pair.split(":") for pair in text.split()), strict=True)
    numbers = [None if given is None else np.array(given, np.float64) for given in (values, at)]
    return Interactions(np.array(users), np.array(items), *numbers)


def test_repeated_rows_add_up_and_the_last_dates_the_pair() -> None:
    data = assemble(_rows("u:a u:b u:a", [1, 4, 2], [9, 5, 7]), _rows("u:b"), texts={})
    histories = data.training_data(data.train).histories
    assert histories.weights.toarray().tolist() == [[3, 4]]
    assert histories.last_at.tolist() == [9, 5]


def test_values_that_cancel_out_keep_the_item_seen() -> None:
    data = assemble(_rows("u:a u:a", [1, -1]), _rows("u:b"), texts={})
    assert data.training_data(data.train).histories.weights.data.tolist() == [SEEN_ONLY]


def test_binary_counts_rows() -> None:
    data = assemble(_rows("u:a u:b", [5, 3]), _rows("u:b"), texts={}, binary=True)
    assert data.train.values.tolist() == [1, 1]


def test_the_catalogue_is_train_items_file_and_candidates_and_the_rest_is_outside() -> None:
    pairs = (np.array(["u", "stranger"]), np.array(["d", "a"]))
    data = assemble(_rows("u:a"), _rows("u:z u:d v:a"), texts={"c": "red shoe"}, candidates=pairs)
    assert data.item_ids.tolist() == ["a", "c", "d"]
    assert data.texts == ["", "red shoe", ""]
    assert data.n_outside == 1
    assert data.relevant(data.test).toarray().tolist() == [[0, 0, 1, 1], [1, 0, 0, 0]]
    assert data.candidates is not None
    assert data.candidates.toarray().tolist() == [[0, 0, 1], [0, 0, 0]]


def test_rows_below_the_smallest_value_are_not_relevant() -> None:
    data = assemble(_rows("u:a"), _rows("u:b u:c", [3, 4]), texts={}, min_value=4)
    assert data.relevant(data.test).sum() == 1
    with pytest.raises(DataRefused, match="No row of the test file is relevant"):
        assemble(_rows("u:a"), _rows("u:b", [3]), texts={}, min_value=4)
    with pytest.raises(DataRefused, match="no column value"):
        assemble(_rows("u:a"), _rows("u:b"), texts={}, min_value=4)


def test_explicit_ratings_are_means_within_their_range() -> None:
    data = assemble(_rows("u:a u:a", [2, 4]), _rows("u:b", [3]), texts={}, explicit=True)
    assert data.training_data(data.train).histories.ratings.toarray().tolist() == [[3]]
    with pytest.raises(DataRefused, match=r"0\.5\.\.5\.0"):
        assemble(_rows("u:a", [7]), _rows("u:b", [3]), texts={}, explicit=True)
