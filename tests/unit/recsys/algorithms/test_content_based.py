from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from recsys.algorithms.base import TrainingData
from recsys.algorithms.content_based import ContentBased, ContentBasedConfig
from recsys.domain import Algorithm
from recsys.testing.histories import data_of, histories_of
from recsys.testing.personal import PersonalBehaviour
from recsys.testing.worlds import SmallWorld, small_world, training_data


class TestContentBased(PersonalBehaviour):
    algorithm = Algorithm.CONTENT_BASED


class TestSmallVocabulary(PersonalBehaviour):
    algorithm = Algorithm.CONTENT_BASED
    settings: ClassVar[dict[str, Any]] = {"max_features": 60, "weighting": "linear"}


@pytest.fixture(scope="module")
def world() -> SmallWorld:
    return small_world()


@pytest.fixture(scope="module")
def data(world: SmallWorld) -> TrainingData:
    return training_data(world)


@pytest.fixture(scope="module")
def model(data: TrainingData) -> ContentBased:
    return ContentBased().fit(data)


def test_an_item_that_nobody_touched_is_found_by_its_text(model: ContentBased, world: SmallWorld) -> None:
    near = model.similar(np.array([world.untouched_item - 1], np.int32))[0]
    best = [world.items[item] for item in np.argsort(-near)[1:6]]
    assert {item.category for item in best} == {world.untouched_category}


def test_a_text_of_the_training_is_placed_where_it_was(model: ContentBased, data: TrainingData) -> None:
    placed = model.embed(data.content.texts[:7]).toarray()
    np.testing.assert_allclose(placed, model.items[:7].toarray(), rtol=1e-6)


def test_a_new_text_is_near_its_kind(model: ContentBased, world: SmallWorld) -> None:
    near = model.near(model.embed(["A seasoned casserole to braise and simmer"]))[0]
    assert world.items[int(near.argmax())].category == "Kitchen"


def test_a_loaded_model_places_texts_alike(model: ContentBased, tmp_path: Path) -> None:
    model.save(tmp_path)
    texts = ["lunar telescope", "", "nothing known"]
    loaded = ContentBased.load(tmp_path).embed(texts)
    np.testing.assert_array_equal(loaded.toarray(), model.embed(texts).toarray())
    assert np.diff(loaded.indptr).tolist() == [2, 0, 0]


def test_vectors_have_length_one(model: ContentBased) -> None:
    np.testing.assert_allclose(np.sqrt(model.items.multiply(model.items).sum(axis=1)), 1, rtol=1e-5)


def test_the_vocabulary_is_bounded() -> None:
    texts = [f"word{number} shared" for number in range(50)]
    config = ContentBasedConfig(max_features=10)
    model = ContentBased(config).fit(data_of(histories_of([{0: 1.0}], 50), texts))
    assert len(model.words) == model.items.shape[1] == len(model.idf) == 10


def test_words_that_most_texts_share_tell_nothing() -> None:
    texts = ["common apple", "common pear", "common plum"]
    model = ContentBased().fit(data_of(histories_of([{0: 1.0}], 3), texts))
    assert model.words == ["apple", "pear", "plum"]


def test_without_known_words_embedding_is_empty() -> None:
    model = ContentBased().fit(data_of(histories_of([{0: 1.0}], 2), ["", ""]))
    assert model.embed(["anything"]).shape == (1, 0)
