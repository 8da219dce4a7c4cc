from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from recsys.algorithms.base import Histories
from recsys.algorithms.item_based import ItemBased, ItemBasedConfig
from recsys.domain import Algorithm
from recsys.testing.histories import data_of, histories_of, silenced
from recsys.testing.personal import CollaborativeBehaviour, PersonalBehaviour


class TestNormalised(CollaborativeBehaviour):
    algorithm = Algorithm.ITEM_BASED


class TestCosine(CollaborativeBehaviour):
    algorithm = Algorithm.ITEM_BASED
    settings: ClassVar[dict[str, Any]] = {"similarity": "cosine", "power": 1.0, "neighbours": 20, "weighting": "log"}


class TestBm25(CollaborativeBehaviour):
    algorithm = Algorithm.ITEM_BASED
    settings: ClassVar[dict[str, Any]] = {"similarity": "bm25", "power": 1.0, "neighbours": 0, "weighting": "linear"}


ROWS: list[dict[int, float]] = [{0: 1, 1: 1, 2: 1}, {0: 1, 1: 1}, {2: 1, 3: 1}, {0: -4, 3: 1}]


def fitted(**settings: Any) -> ItemBased:
    return ItemBased(ItemBasedConfig(**settings)).fit(data_of(histories_of(ROWS, 5)))


def test_the_normalised_similarity_is_the_one_of_the_formula() -> None:
    likes = np.maximum(histories_of(ROWS, 5).weights.toarray(), 0).clip(max=1).astype(np.float64)
    a, s = 0.6, 0.7
    with np.errstate(divide="ignore"):
        users = np.where(likes.sum(1) > 0, likes.sum(1) ** -a, 0)
        items = np.where(likes.sum(0) > 0, likes.sum(0) ** (a - 1), 0)
    scaled = users[:, None] * likes * items
    expected = (scaled.T @ scaled) ** s
    np.fill_diagonal(expected, 0)
    found = fitted(user_exponent=a, power=s, neighbours=0).similarity.toarray()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_cosine_similarity_is_that_of_the_columns() -> None:
    likes = np.maximum(histories_of(ROWS, 5).weights.toarray(), 0).clip(max=1)
    lengths = np.linalg.norm(likes, axis=0)
    expected = likes.T @ likes / np.maximum(np.outer(lengths, lengths), 1e-9)
    np.fill_diagonal(expected, 0)
    found = fitted(similarity="cosine", power=1.0).similarity.toarray()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_bm25_discounts_users_who_touch_much() -> None:
    rows: list[dict[int, float]] = [{0: 1, 1: 1}, dict.fromkeys([0, *range(2, 12)], 1.0)]
    model = ItemBased(ItemBasedConfig(similarity="bm25", power=1.0)).fit(data_of(histories_of(rows, 20)))
    near = model.similar(np.array([0], np.int32))[0]
    assert near[1] > near[2] > 0


@pytest.mark.parametrize("neighbours", [1, 2])
def test_no_item_keeps_more_than_its_nearest(neighbours: int) -> None:
    everything, cut = fitted(neighbours=0).similarity.toarray(), fitted(neighbours=neighbours).similarity.toarray()
    assert (np.count_nonzero(cut, axis=1) == np.minimum(np.count_nonzero(everything, axis=1), neighbours)).all()
    np.testing.assert_array_equal(cut.max(axis=1), everything.max(axis=1))


def test_dislikes_teach_no_similarity() -> None:
    near = fitted(neighbours=0).similar(np.array([3], np.int32))[0]
    assert near[0] == 0
    assert near[2] > 0


def test_words_tie_items_together_that_nobody_touched() -> None:
    texts = ["red wine glass", "red wine bottle", "steel bolt", "steel nut", "paper"] + [f"thing{n}" for n in range(60)]
    histories = histories_of(ROWS, len(texts))
    untied = ItemBased(ItemBasedConfig(text_weight=0.0)).fit(data_of(histories, texts)).similarity.toarray()
    model = ItemBased(ItemBasedConfig(text_weight=0.5)).fit(data_of(histories, texts))
    tied = model.similarity.toarray()
    assert not untied[4].any()
    assert not tied[4].any()
    assert tied[2, 3] > untied[2, 3] > 0
    assert tied[0, 1] > untied[0, 1] > 0
    assert tied[1, 2] == untied[1, 2]


def test_a_words_part_is_the_filter_over_words() -> None:
    texts = ["aa bb", "aa bb", "bb cc", "cc", *(f"thing{n}" for n in range(60))]
    nobody = histories_of([{}, {}], len(texts))
    found = ItemBased(ItemBasedConfig(text_weight=2.0, user_exponent=0.4, power=0.5)).fit(data_of(nobody, texts))
    holds = np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]], float)
    scaled = 2.0 * holds * holds.sum(0) ** -0.4 * holds.sum(1, keepdims=True) ** (0.4 - 1)
    expected = (scaled @ scaled.T) ** 0.5
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(found.similarity.toarray()[:4, :4], expected, rtol=1e-5)


class TestWithWords(PersonalBehaviour):
    algorithm = Algorithm.ITEM_BASED
    settings: ClassVar[dict[str, Any]] = {"text_weight": 0.3, "recency": 0.9}

    def taken_back(self, history: Histories, entry: int) -> Histories:
        return silenced(history, entry)
