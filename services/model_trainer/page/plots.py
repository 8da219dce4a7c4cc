"""Where the marks of the page's drawings stand; the template draws them as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recsys.evaluation.bootstrap import Interval

WIDTH, HEIGHT = 360.0, 240.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 12.0, 34.0
LINE = 13.0
"""Least distance of two labels."""
GAP = 8.0
"""From a point to its label."""
RADIUS = 4.0
LETTER = 5.6
"""Width of one, about."""
TICKS = 4
NOTHING = 1e-6


@dataclass(frozen=True, slots=True)
class Whisker:
    """On a line from 0 to 100."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Whiskers:
    end: float
    """The value at 100; the line begins at 0."""
    one: float
    """Where 1 stands."""
    rows: Mapping[str, Whisker]


def whiskers(intervals: Mapping[str, Interval]) -> Whiskers:
    """Intervals on one scale; what is not finite is left out, or ends at the end of the scale."""
    found = {name: each for name, each in intervals.items() if math.isfinite(each.estimate)}
    ends = [each.high if math.isfinite(each.high) else each.estimate for each in found.values()]
    end = max([*ends, 1.0]) * 1.05

    def place(value: float) -> float:
        return round(100 * min(max(value, 0.0), end) / end, 2)

    rows = {name: Whisker(place(one.low), place(one.estimate), place(one.high)) for name, one in found.items()}
    return Whiskers(end, place(1.0), rows)


@dataclass(frozen=True, slots=True)
class Point:
    name: str
    x: float
    y: float
    label_x: float
    label_y: float
    label_left: bool
    """Whether the label stands left of the point."""


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    value: float


@dataclass(frozen=True)
class Scatter:
    points: Sequence[Point]
    across: Sequence[Tick]
    up: Sequence[Tick]


def scatter(values: Mapping[str, tuple[float, float]]) -> Scatter | None:
    """Points by name, of those whose values are finite; None for less than two of them."""
    found = {name: pair for name, pair in values.items() if all(map(math.isfinite, pair))}
    if len(found) < 2:  # noqa: PLR2004 (one point shows no relation)
        return None
    across, up = (ticks([pair[axis] for pair in found.values()]) for axis in (0, 1))
    placed = {name: (_across(x, across), _up(y, up)) for name, (x, y) in found.items()}
    return Scatter(
        _labelled(placed),
        [Tick(round(_across(value, across), 1), value) for value in across],
        [Tick(round(_up(value, up), 1), value) for value in up],
    )


def _across(value: float, marks: Sequence[float]) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (value - marks[0]) / (marks[-1] - marks[0])


def _up(value: float, marks: Sequence[float]) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - marks[0]) / (marks[-1] - marks[0])


def ticks(values: Sequence[float]) -> list[float]:
    """In round steps from what no value is below to what none exceeds; from 0 where values come near to it. Values
    below 0 are not expected, the tiniest are 0.
    """
    most = max(*values, 0.0)
    most = most if most > NOTHING else 1.0
    least = min(values) if min(values) > most / 2 and most - min(values) > NOTHING else 0.0
    rough = (most - least) / TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
    return [round(step * number, 10) for number in range(first, last + 1)]


def _labelled(placed: Mapping[str, tuple[float, float]]) -> list[Point]:
    """From top to bottom, each label beside its point, or as near as it touches nothing and stays in the frame."""
    taken = [(x - RADIUS, x + RADIUS, y) for x, y in placed.values()]
    points = []
    for name, (x, y) in sorted(placed.items(), key=lambda pair: pair[1][1]):
        length = LETTER * len(name)
        is_left = x + GAP + length > WIDTH
        start = x - GAP - length if is_left else x + GAP
        height = _free_height(start, start + length, y, taken)
        taken.append((start, start + length, height))
        label_x = x - GAP if is_left else x + GAP
        points.append(Point(name, round(x, 1), round(y, 1), round(label_x, 1), round(height + 3.5, 1), is_left))
    return points


def _free_height(start: float, end: float, wanted: float, taken: Sequence[tuple[float, float, float]]) -> float:
    """The nearest one within the frame; each thing that stands there can be in the way of two."""
    lowest = HEIGHT - BOTTOM - 2
    nearest = min(max(wanted, TOP), lowest)
    reach = 2 * len(taken) + 1
    for step in sorted(range(-reach, reach + 1), key=lambda step: (abs(step), -step)):
        height = nearest + step * LINE
        touched = any(start < other_end and begin < end and abs(height - at) < LINE for begin, other_end, at in taken)
        if TOP <= height <= lowest and not touched:
            return height
    return nearest
