from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommendation_api.serving.ids import locate
from recommendation_api.serving.top import best

few_values = st.lists(st.integers(-3, 3), min_size=1, max_size=40)


@given(few_values, st.data())
def test_the_best_are_those_that_sorting_puts_first(values: list[int], data: st.DataObject) -> None:
    scores = np.array(values, np.float32)
    tie_break = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(values), max_size=len(values))), np.float32)
    candidates = np.array(sorted(data.draw(st.sets(st.integers(0, len(values) - 1)))), np.int32)
    n = data.draw(st.integers(1, 50))
    expected = sorted(candidates.tolist(), key=lambda at: (-scores[at], -tie_break[at], at))[:n]
    assert best(scores, candidates, n, tie_break).tolist() == expected


@given(st.sets(st.integers(1, 30)), st.lists(st.integers(-5, 40)))
def test_ids_are_found_where_they_stand(known: set[int], wanted: list[int]) -> None:
    ascending = sorted(known)
    found = locate(np.array(ascending, np.int64), np.array(wanted, np.int64))
    assert found.tolist() == [ascending.index(one) if one in known else -1 for one in wanted]
