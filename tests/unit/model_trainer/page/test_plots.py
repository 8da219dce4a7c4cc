from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_trainer.page.plots import BOTTOM, HEIGHT, LETTER, LINE, TOP, WIDTH, scatter, ticks, whiskers
from recsys.evaluation.bootstrap import Interval


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.07, 0.01], [0.0, 0.02, 0.04, 0.06, 0.08]),
        ([0.88, 0.97], [0.875, 0.9, 0.925, 0.95, 0.975]),
        ([1.0], [0.0, 0.25, 0.5, 0.75, 1.0]),
        ([0.0], [0.0, 0.25, 0.5, 0.75, 1.0]),
        ([0.9], [0.0, 0.25, 0.5, 0.75, 1.0]),
        ([430.0], [0.0, 200.0, 400.0, 600.0]),
    ],
)
def test_ticks_are_round_and_reach_the_largest(values: list[float], expected: list[float]) -> None:
    assert ticks(values) == pytest.approx(expected)


@given(st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=5))
def test_ticks_are_few_and_enclose_all(values: list[float]) -> None:
    found = ticks(values)
    assert 2 <= len(found) <= 7
    assert 0 <= found[0] <= min(values) * (1 + 1e-6)
    assert found[-1] >= max(values) * (1 - 1e-6)


def test_whiskers_share_a_scale_that_holds_one() -> None:
    found = whiskers({"a": Interval(2.0, 1.0, 4.0), "b": Interval(0.5, 0.0, 1.0)})
    assert found.end == pytest.approx(4.2)
    assert found.one == pytest.approx(100 / 4.2, abs=0.01)
    assert found.rows["a"].low == found.one
    assert found.rows["a"].high == pytest.approx(100 / 1.05, abs=0.01)
    assert found.rows["b"].low == 0
    assert found.rows["b"].middle == pytest.approx(50 / 4.2, abs=0.01)


def test_whiskers_leave_out_what_is_not_finite_and_end_where_the_scale_ends() -> None:
    found = whiskers({"a": Interval(2.0, 1.0, math.inf), "b": Interval(math.nan, 0.0, 1.0)})
    assert set(found.rows) == {"a"}
    assert found.rows["a"].high == 100
    assert whiskers({}).end == pytest.approx(1.05)


def test_a_scatter_places_points_by_their_values() -> None:
    plot = scatter({"a": (0.0, 0.0), "b": (0.08, 1.0)})
    assert plot is not None
    a, b = sorted(plot.points, key=lambda point: point.name)
    assert (a.x, a.y) == (46, HEIGHT - BOTTOM)
    assert (b.x, b.y) == (WIDTH - 12, TOP)
    assert b.label_left
    assert not a.label_left


def test_one_point_is_no_relation() -> None:
    assert scatter({"a": (0.1, 0.2)}) is None
    assert scatter({"a": (0.1, 0.2), "b": (math.nan, 0.1)}) is None


@given(
    st.dictionaries(
        st.sampled_from(["hybrid", "als", "svd", "item based", "popularity", "random", "ease"]),
        st.tuples(st.floats(0, 1), st.floats(0, 1)),
        min_size=2,
    )
)
def test_labels_do_not_touch_and_stay_inside(values: dict[str, tuple[float, float]]) -> None:
    plot = scatter(values)
    assert plot is not None
    assert {point.name for point in plot.points} == set(values)
    boxes = []
    for point in plot.points:
        length = LETTER * len(point.name)
        start = point.label_x - length if point.label_left else point.label_x
        assert start >= 0
        assert start + length <= WIDTH + 0.1
        boxes.append((start, start + length, point.label_y))
    for place, (start, end, height) in enumerate(boxes):
        for other_start, other_end, other in boxes[place + 1 :]:
            assert end <= other_start + 0.1 or other_end <= start + 0.1 or abs(height - other) >= LINE - 0.2
