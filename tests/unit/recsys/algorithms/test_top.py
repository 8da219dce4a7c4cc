from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.algorithms.top import bar, top

VALUES = st.lists(st.one_of(st.sampled_from([0.0, 1.0, -np.inf]), st.floats(-5, 5, width=32)), max_size=80)


@given(VALUES, st.integers(0, 12))
def test_the_best_are_those_of_a_full_sort(values: list[float], k: int) -> None:
    expected = sorted((i for i, v in enumerate(values) if v > -np.inf), key=lambda i: (-values[i], i))[:k]
    assert top(np.array(values, np.float32), k).tolist() == expected


@given(st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=200), st.integers(1, 12))
def test_at_least_k_values_reach_the_bar(values: list[float], k: int) -> None:
    array = np.array(values, np.float32)
    assert (array >= bar(array, k)).sum() >= min(k, len(array))


def test_the_bar_is_close_to_the_kth_highest() -> None:
    values = np.random.default_rng(0).normal(size=50_000).astype(np.float32)
    assert (values >= bar(values, 100)).sum() < 150
