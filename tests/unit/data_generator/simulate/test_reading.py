from __future__ import annotations

import numpy as np

from data_generator.simulate.reading import RELUCTANCE, expected_clicks, opening_chance, read_list
from recsys.domain import EventType

LISTS = 4_000


def _read(liking: list[float], *, generosity: float = 0.0) -> list[list[tuple[int, list[EventType]]]]:
    rng = np.random.default_rng(11)
    column = np.array(liking, np.float32)
    return [
        [(opened.place, [kind for kind, _ in opened.events]) for opened in read_list(rng, column, generosity)]
        for _ in range(LISTS)
    ]


def _clicks(lists: list[list[tuple[int, list[EventType]]]]) -> float:
    return sum(EventType.CLICK in kinds for opened in lists for _, kinds in opened) / LISTS


def test_what_is_liked_more_is_clicked_more() -> None:
    cold, lukewarm, warm = (_clicks(_read([liking] * 5)) for liking in (-2.0, 0.0, 2.0))
    assert cold < lukewarm / 2 < warm / 4


def test_the_top_is_opened_more_often_than_the_bottom() -> None:
    lists = _read([1.0] * 20)
    opened = np.bincount([place for one in lists for place, _ in one], minlength=20)
    assert opened[0] > 3 * opened[15] > 0


def test_every_story_begins_with_a_view_and_makes_sense() -> None:
    for one in _read([1.5] * 10):
        for _, kinds in one:
            assert kinds[0] is EventType.VIEW
            assert kinds == sorted(kinds, key=list(EventType).index)
            assert EventType.PURCHASE not in kinds or EventType.CART in kinds
            assert len(kinds) == 1 or EventType.CLICK in kinds


def test_ratings_alone_have_a_value_and_follow_the_liking() -> None:
    rng, stars = np.random.default_rng(2), {}
    for liking in (-1.0, 2.0):
        column = np.full(8, liking, np.float32)
        events = [event for _ in range(LISTS) for opened in read_list(rng, column, 0.0) for event in opened.events]
        assert all((value is not None) is (kind is EventType.RATING) for kind, value in events)
        stars[liking] = np.mean([value for _, value in events if value is not None])
    assert stars[2.0] > stars[-1.0] + 1


def test_clicks_come_as_often_as_expected() -> None:
    liking = [2.0, -0.5, 0.8, 1.4, 0.1, -2.0, 1.0]
    assert abs(_clicks(_read(liking)) - expected_clicks(np.array(liking, np.float32))) < 0.03


def test_nothing_is_opened_in_an_empty_list() -> None:
    assert read_list(np.random.default_rng(0), np.empty(0, np.float32), 0.0) == []


def test_an_item_at_the_threshold_is_opened_every_other_time() -> None:
    assert float(opening_chance(np.array([RELUCTANCE], np.float32))[0]) == 0.5
