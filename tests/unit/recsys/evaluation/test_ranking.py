from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from recsys.algorithms.base import FloatArray
from recsys.evaluation.ranking import NO_ITEM, rank

SCORES = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.integers(1, 40)),
    elements=st.one_of(st.sampled_from([0.0, -0.0, 1.0, 2.0]), st.floats(-1e6, 1e6, width=32)),
)


def plain(scores: FloatArray, open_items: list[int], k: int) -> list[int]:
    best = sorted(open_items, key=lambda item: (-scores[item], item))[:k]
    return [*best, *[NO_ITEM] * (k - len(best))]


@given(SCORES, st.data())
def test_is_the_sorted_catalogue_without_the_excluded(scores: FloatArray, data: st.DataObject) -> None:
    n, n_items = scores.shape
    masks = arrays.arrays(bool, scores.shape)
    excluded, allowed = data.draw(masks), data.draw(masks)
    k = data.draw(st.integers(0, n_items + 3))
    open_items = [[i for i in range(n_items) if not excluded[u, i]] for u in range(n)]
    among = [[i for i in row if allowed[u, i]] for u, row in enumerate(open_items)]
    exclude = sparse.csr_array(excluded.astype(np.float32))
    candidates = sparse.csr_array(allowed.astype(np.float32))
    assert rank(scores, exclude, k).tolist() == [plain(scores[u], open_items[u], k) for u in range(n)]
    assert rank(scores, exclude, k, candidates=candidates).tolist() == [plain(scores[u], among[u], k) for u in range(n)]


@given(SCORES, st.integers(1, 50))
def test_lists_have_no_repeats_and_exactly_k_where_there_are_k(scores: FloatArray, k: int) -> None:
    ranked = rank(scores, None, k)
    assert ranked.shape == (len(scores), k)
    assert ranked.dtype == np.int32
    for row in ranked:
        shown = row[row >= 0].tolist()
        assert len(set(shown)) == len(shown) == min(k, scores.shape[1])


@given(SCORES, st.integers(1, 50))
def test_scores_are_left_as_they_are(scores: FloatArray, k: int) -> None:
    kept = scores.copy()
    rank(scores, sparse.csr_array(np.ones_like(scores)), k)
    np.testing.assert_array_equal(scores, kept)


def test_a_large_catalogue_is_ranked_as_sorted() -> None:
    scores = np.random.default_rng(0).normal(size=(3, 20_000)).astype(np.float32)
    scores[1] = np.round(scores[1], 1)
    scores[2, scores[2] < 2] = 0
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :100]
    np.testing.assert_array_equal(rank(scores, None, 100), expected)


def test_nobody_is_ranked_for() -> None:
    assert rank(np.empty((0, 5), np.float32), None, 3).shape == (0, 3)
