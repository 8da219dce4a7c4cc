"""Short vectors of texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from recsys.content_vectors import CHUNK, ContentVectors, content_directions, directions_of
from recsys.domain import Item
from recsys.release import Release
from recsys.testing.releases import small_release
from recsys.testing.worlds import small_world, training_data


@pytest.fixture(scope="module")
def release() -> Release:
    found = small_release(training_data(small_world()))
    return replace(found, content_directions=directions_of(found.models))


@pytest.fixture
def vectors(release: Release) -> ContentVectors:
    found = ContentVectors.of(release)
    assert found
    return found


def test_directions_are_orthonormal_and_the_same_each_time(release: Release, vectors: ContentVectors) -> None:
    product = vectors.directions.T @ vectors.directions
    assert product == pytest.approx(np.eye(vectors.dimensions), abs=1e-4)
    again = directions_of(release.models)
    assert again is not None
    assert np.array_equal(again, vectors.directions)


def test_texts_are_placed_as_their_tf_idf_vectors_lie(vectors: ContentVectors) -> None:
    texts = [item.text for item in small_world().items]
    short = vectors.embed(texts)
    assert np.linalg.norm(short, axis=1) == pytest.approx(1, abs=1e-5)
    whole = (vectors.model.embed(texts) @ vectors.model.embed(texts).T).toarray()
    assert short @ short.T == pytest.approx(whole, abs=0.1)


def test_an_item_without_a_known_word_has_no_vector(vectors: ContentVectors) -> None:
    ((known, unknown),) = vectors.entries([small_world().items[0], Item(9, "Xylophonequarry")], 7)
    assert known.vector is not None
    assert len(known.vector) == vectors.dimensions
    assert (unknown.vector, unknown.revision, known.revision) == (None, 7, 7)


def test_many_items_come_some_at_a_time(vectors: ContentVectors) -> None:
    sizes = [len(some) for some in vectors.entries([Item(number, "Novel") for number in range(CHUNK + 1)], 1)]
    assert sizes == [CHUNK, 1]
    assert list(vectors.entries([], 1)) == []


@pytest.mark.parametrize("shape", [(0, 0), (5, 0), (1, 9), (4, 3)])
def test_a_catalogue_too_small_has_no_or_few_directions(shape: tuple[int, int]) -> None:
    items = sparse.random_array(shape, density=0.9, dtype=np.float32, rng=np.random.default_rng(1)).tocsr()
    directions = content_directions(items)
    assert directions.shape == (shape[1], max(0, min(shape) - 1))


def test_a_release_from_before_has_no_vectors(release: Release) -> None:
    assert ContentVectors.of(replace(release, content_directions=None)) is None
