from __future__ import annotations

import numpy as np
import pytest

from recsys.domain import Algorithm
from recsys.evaluation.beyond_accuracy import tastes
from recsys.reranking.likeness import Places, expectedness, likeness
from tests.unit.recsys.reranking.conftest import Generated

EVERY = np.arange(900, dtype=np.int32)
SOME = np.arange(0, 900, 9, dtype=np.int32)


def places(generated: Generated, columns: np.ndarray = SOME) -> Places:
    return Places(generated.data.content.category[columns], columns)


def test_likeness_is_symmetric_and_a_share(generated: Generated) -> None:
    alike = likeness(generated.models, places(generated))
    assert np.allclose(alike, alike.T)
    assert alike.min() >= 0
    assert alike.max() <= 1 + 1e-6


def test_half_of_it_is_content(generated: Generated) -> None:
    some = places(generated)
    alone = likeness({Algorithm.CONTENT_BASED: generated.models[Algorithm.CONTENT_BASED]}, some)
    both = likeness(generated.models, some)
    same = some.category[:, None] == some.category
    assert (alone[same] >= 0.5 - 1e-6).all()
    assert (alone[~same] < 0.5).all()
    assert (both >= alone / 2 - 1e-6).all()


def test_what_the_same_people_touched_is_alike(generated: Generated) -> None:
    """Of two pairs that the catalogue says the same of, the one that goes together is nearer."""
    touched = (generated.data.histories.weights != 0).astype(np.int32)
    together = (touched.T @ touched).tolil()
    together.setdiag(0)
    one, other = np.unravel_index(np.argmax(together.toarray()), together.shape)
    columns = np.array([one, other], np.int32)
    none = Places(np.full(2, -1, np.int32), columns)
    models = {Algorithm.ITEM_BASED: generated.models[Algorithm.ITEM_BASED]}
    assert likeness({}, none)[0, 1] == 0
    assert likeness(models, none)[0, 1] > 0.1


def test_of_an_item_that_the_release_does_not_know_the_category_speaks(generated: Generated) -> None:
    pool = Places(np.array([3, 3, 4], np.int32), np.array([-1, 5, -1], np.int32))
    alike = likeness(generated.models, pool)
    assert alike[0, 1] == pytest.approx(0.5)
    assert alike[0, 2] == 0


def test_expected_is_what_reads_like_the_history(generated: Generated) -> None:
    data = generated.data
    shares = np.column_stack([tastes(data.histories, data.content), np.zeros(len(data.user_ids))])
    for row in range(10):
        history = data.histories.rows(np.array([row], np.int32))
        expected = expectedness(generated.models, places(generated, EVERY), shares[row], history)
        favourite = data.content.category[EVERY] == shares[row].argmax()
        assert 0 <= expected.min() <= expected.max() <= 1
        assert expected[favourite].min() >= 0.5
        assert expected[favourite].mean() > expected[~favourite].mean()


def test_nothing_is_expected_of_nobody(generated: Generated) -> None:
    nothing = generated.data.histories.empty(1, 900)
    taste = np.zeros(len(generated.data.content.category_names) + 1)
    assert not expectedness(generated.models, places(generated), taste, nothing).any()
