"""Each measure against the same measure written plainly."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys.evaluation import metrics

N_ITEMS = 12


@st.composite
def lists(draw: st.DrawFn) -> tuple[list[list[int]], list[set[int]], int]:
    """Lists without repeats, padded with -1; what is relevant; k."""
    depth = draw(st.integers(1, N_ITEMS))
    n = draw(st.integers(1, 5))
    ranked = []
    for _ in range(n):
        items = draw(st.permutations(range(N_ITEMS)))[: draw(st.integers(0, depth))]
        ranked.append([*items, *[-1] * (depth - len(items))])
    relevant = [draw(st.sets(st.integers(0, N_ITEMS - 1))) for _ in range(n)]
    return ranked, relevant, draw(st.integers(1, depth))


Case = tuple[list[list[int]], list[set[int]], int]


def measured(case: Case) -> tuple[metrics.Hits, np.ndarray[tuple[int], np.dtype[np.int32]], int]:
    ranked, relevant, k = case
    dense = np.array([[float(item in wanted) for item in range(N_ITEMS)] for wanted in relevant], np.float32)
    hits = metrics.hits_of(np.array(ranked, np.int32), sparse.csr_array(dense))
    return hits, np.array([len(wanted) for wanted in relevant], np.int32), k


@given(lists())
def test_hits_are_the_relevant_places(case: Case) -> None:
    hits, _, _ = measured(case)
    assert hits.tolist() == [[item in wanted for item in row] for row, wanted in zip(*case[:2], strict=True)]


@given(lists())
def test_precision(case: Case) -> None:
    hits, _, k = measured(case)
    expected = [len(set(row[:k]) & wanted) / k for row, wanted in zip(*case[:2], strict=True)]
    assert metrics.precision_at_k(hits, k).tolist() == pytest.approx(expected)


@given(lists())
def test_recall(case: Case) -> None:
    hits, counts, k = measured(case)
    expected = [len(set(r[:k]) & w) / len(w) if w else 0.0 for r, w in zip(*case[:2], strict=True)]
    assert metrics.recall_at_k(hits, counts, k).tolist() == pytest.approx(expected)


@given(lists())
def test_hit_rate(case: Case) -> None:
    hits, _, k = measured(case)
    expected = [float(bool(set(row[:k]) & wanted)) for row, wanted in zip(*case[:2], strict=True)]
    assert metrics.hit_rate_at_k(hits, k).tolist() == expected


def plain_ndcg(row: Sequence[int], wanted: set[int], k: int) -> float:
    gained = sum(1 / math.log2(rank + 1) for rank, item in enumerate(row[:k], 1) if item in wanted)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(len(wanted), k) + 1))
    return gained / ideal if ideal else 0.0


@given(lists())
def test_ndcg(case: Case) -> None:
    hits, counts, k = measured(case)
    expected = [plain_ndcg(row, wanted, k) for row, wanted in zip(*case[:2], strict=True)]
    assert metrics.ndcg_at_k(hits, counts, k).tolist() == pytest.approx(expected)


def plain_map(row: Sequence[int], wanted: set[int], k: int) -> float:
    total = 0.0
    for rank, item in enumerate(row[:k], 1):
        if item in wanted:
            total += len(set(row[:rank]) & wanted) / rank
    return total / min(len(wanted), k) if wanted else 0.0


@given(lists())
def test_map(case: Case) -> None:
    hits, counts, k = measured(case)
    expected = [plain_map(row, wanted, k) for row, wanted in zip(*case[:2], strict=True)]
    assert metrics.map_at_k(hits, counts, k).tolist() == pytest.approx(expected)


@given(lists())
def test_mrr(case: Case) -> None:
    hits, _, k = measured(case)
    expected = []
    for row, wanted in zip(*case[:2], strict=True):
        ranks = [rank for rank, item in enumerate(row[:k], 1) if item in wanted]
        expected.append(1 / ranks[0] if ranks else 0.0)
    assert metrics.mrr(hits, cut=k).tolist() == pytest.approx(expected)


@given(lists())
def test_a_perfect_list_scores_one(case: Case) -> None:
    _, relevant, k = case
    full = [wanted or {0} for wanted in relevant]
    perfect = [[*sorted(wanted), *[-1] * (N_ITEMS - len(wanted))] for wanted in full]
    hits, counts, k = measured((perfect, full, k))
    for values in (metrics.ndcg_at_k(hits, counts, k), metrics.map_at_k(hits, counts, k), metrics.mrr(hits)):
        assert values.tolist() == pytest.approx([1.0] * len(full))


def test_a_list_shorter_than_k_misses_the_rest() -> None:
    hits = np.array([[True, False]])
    assert metrics.precision_at_k(hits, 4).tolist() == [0.25]
    ideal = 1 + 1 / math.log2(3)
    assert metrics.ndcg_at_k(hits, np.array([2]), 4).tolist() == pytest.approx([1 / ideal])


@given(lists())
def test_coverage_and_exposure(case: Case) -> None:
    ranked, _, k = case
    shown = [item for row in ranked for item in row[:k] if item >= 0]
    array = np.array(ranked, np.int32)
    assert metrics.coverage_at_k(array, N_ITEMS, k) == pytest.approx(len(set(shown)) / N_ITEMS)
    assert metrics.exposure(array, N_ITEMS, k).tolist() == [shown.count(item) for item in range(N_ITEMS)]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12))
def test_gini_is_half_the_relative_mean_difference(counts: list[int]) -> None:
    pairs = sum(abs(a - b) for a in counts for b in counts)
    mean = sum(counts) / len(counts)
    expected = pairs / (2 * len(counts) ** 2 * mean) if mean else 0.0
    assert metrics.gini(np.array(counts)) == pytest.approx(expected)


@given(lists())
def test_average_popularity_and_novelty(case: Case) -> None:
    ranked, _, k = case
    touched = np.arange(N_ITEMS)
    popularity, novelty = [], []
    for row in ranked:
        shown = [item for item in row[:k] if item >= 0]
        popularity.append(sum(shown) / len(shown) if shown else 0.0)
        novelty.append(sum(-math.log2(max(item, 1) / 20) for item in shown) / len(shown) if shown else 0.0)
    array = np.array(ranked, np.int32)
    assert metrics.average_popularity_at_k(array, touched, k).tolist() == pytest.approx(popularity)
    assert metrics.novelty_at_k(array, touched, 20, k).tolist() == pytest.approx(novelty)


@given(lists(), st.integers(0, 100))
def test_intra_list_diversity(case: Case, seed: int) -> None:
    ranked, _, k = case
    vectors = np.random.default_rng(seed).normal(size=(N_ITEMS, 3))
    vectors[0] = 0
    vectors[1:] /= np.linalg.norm(vectors[1:], axis=1, keepdims=True)
    expected = []
    for row in ranked:
        shown = [item for item in row[:k] if item >= 0]
        distances = [1 - vectors[a] @ vectors[b] for a in shown for b in shown if a != b]
        expected.append(float(np.mean(distances)) if distances else 0.0)
    found = metrics.intra_list_diversity_at_k(np.array(ranked, np.int32), sparse.csr_array(vectors), k)
    assert found.tolist() == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.tuples(st.floats(0.5, 5, width=32), st.floats(0.5, 5, width=32)), min_size=1))
def test_rating_errors(pairs: list[tuple[float, float]]) -> None:
    predicted, actual = np.array(pairs, np.float32).T
    errors = [float(p) - float(a) for p, a in pairs]
    assert metrics.rmse(predicted, actual) == pytest.approx(math.sqrt(sum(e * e for e in errors) / len(errors)))
    assert metrics.mae(predicted, actual) == pytest.approx(sum(abs(e) for e in errors) / len(errors))


def test_no_ratings_have_no_error() -> None:
    nothing = np.empty(0, np.float32)
    assert math.isnan(metrics.rmse(nothing, nothing))
    assert math.isnan(metrics.mae(nothing, nothing))
