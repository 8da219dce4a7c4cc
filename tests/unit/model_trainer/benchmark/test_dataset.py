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
    data = assemble(_rows("u:a u:b u:b", [5, 3, -2]), _rows("u:b"), texts={}, binary=True)
    assert data.training_data(data.train).histories.weights.toarray().tolist() == [[1, 2]]


def test_a_dislike_weighs_against_an_item_that_stays_seen() -> None:
    data = assemble(_rows("u:a u:b v:b v:b", [1, -2, 1, -4]), _rows("u:a"), texts={})
    assert data.training_data(data.train).histories.weights.toarray().tolist() == [[1, -2], [0, -3]]


def test_without_values_a_row_weighs_one_and_is_relevant_whatever_the_smallest_value() -> None:
    data = assemble(_rows("u:a u:a v:b"), _rows("u:b v:a", [3, 5]), texts={}, min_value=4)
    assert data.training_data(data.train).histories.weights.toarray().tolist() == [[2, 0], [0, 1]]
    assert data.relevant(data.train).toarray().tolist() == [[1, 0], [0, 1]]
    assert data.relevant(data.test).toarray().tolist() == [[0, 0], [1, 0]]


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
    data = assemble(_rows("u:a"), _rows("u:b u:c", [3, 4]), texts={"b": "", "c": ""}, min_value=4)
    assert data.relevant(data.test).toarray().tolist() == [[0, 0, 1]]
    with pytest.raises(DataRefused, match="No row of the test file is relevant"):
        assemble(_rows("u:a"), _rows("u:b", [3]), texts={}, min_value=4)
    with pytest.raises(DataRefused, match="no column value"):
        assemble(_rows("u:a"), _rows("u:b"), texts={}, min_value=4)


@pytest.mark.parametrize("binary", [False, True])
def test_the_smallest_value_holds_in_a_part_of_train_that_is_asked(*, binary: bool) -> None:
    train = _rows("u:a u:b u:c u:c v:a", [3, 4, 1, 5, -1])
    data = assemble(train, _rows("u:b", [4]), texts={}, min_value=4, binary=binary)
    assert data.relevant(data.train).toarray().tolist() == [[0, 1, 1], [0, 0, 0]]


def test_a_value_is_not_below_itself() -> None:
    tenths = [tenth / 10 for tenth in range(1, 50)]
    for tenth in tenths:
        data = assemble(_rows("u:a"), _rows("u:b u:c", [tenth, 9]), texts={}, min_value=tenth)
        assert data.relevant(data.test).sum() == 2, tenth


def test_explicit_ratings_are_means_and_weights_are_what_they_were() -> None:
    train = _rows("u:a u:a", [2, 4])
    ratings, weights = [], []
    for binary in (False, True):
        data = assemble(train, _rows("u:b", [3]), texts={}, explicit=True, binary=binary)
        histories = data.training_data(data.train).histories
        ratings.append(histories.ratings.toarray().tolist())
        weights.append(histories.weights.toarray().tolist())
    assert ratings == [[[3]], [[3]]]
    assert weights == [[[6]], [[2]]]


@pytest.mark.parametrize("values", [[1, 10, 4], [-10, 10, 0], [0, 100, 50], [7, 7, 7], [0.5, 5, 1]])
def test_ratings_of_any_scale_are_the_products_and_come_back(values: list[float]) -> None:
    data = assemble(_rows("u:a u:b u:c", values), _rows("u:d", [3]), texts={}, explicit=True)
    ratings = data.training_data(data.train).histories.ratings
    assert ratings.nnz == 3
    assert 0.5 <= ratings.data.min() <= ratings.data.max() <= 5
    assert data.in_file_scale(ratings.data).tolist() == pytest.approx(values, abs=1e-4)


def test_ratings_within_the_products_scale_stay() -> None:
    data = assemble(_rows("u:a u:b", [2, 4]), _rows("u:d", [3]), texts={}, explicit=True)
    assert data.training_data(data.train).histories.ratings.toarray().tolist() == [[2, 4]]


def test_explicit_needs_values() -> None:
    for values in ([None, [1.0]], [[1.0], None]):
        with pytest.raises(DataRefused, match="Explicit ratings need a column value"):
            assemble(_rows("u:a", values[0]), _rows("u:b", values[1]), texts={}, explicit=True)
