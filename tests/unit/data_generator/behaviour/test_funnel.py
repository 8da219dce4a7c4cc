from __future__ import annotations

import numpy as np
import pytest

from data_generator.behaviour import funnel
from data_generator.behaviour.funnel import (
    CART,
    CLICK,
    DISLIKE,
    LIKE,
    PURCHASE,
    RATING,
    VIEW,
    Visits,
    draw_ratings,
    draw_visits,
)

N = 40_000


def _visits(liking: float, *, again: bool = False, patience: float = np.inf) -> Visits:
    return draw_visits(
        np.random.default_rng(5),
        np.full(N, liking, np.float32),
        np.full(N, again),
        np.zeros(N),
        np.full(N, patience),
    )


@pytest.mark.parametrize("liking", [-2.0, 0.0, 2.0])
def test_one_thing_leads_to_another(liking: float) -> None:
    happens = _visits(liking).happens
    assert happens[:, VIEW].all()
    assert not np.any(happens[:, CLICK:].any(axis=1) & ~happens[:, CLICK])
    assert not np.any(happens[:, PURCHASE] & ~happens[:, CART])
    assert not np.any(happens[:, LIKE] & happens[:, DISLIKE])
    assert not np.any(happens[:, DISLIKE] & happens[:, CART])
    assert happens.any(axis=0).all()


def test_each_step_is_later_than_the_one_before() -> None:
    visits = _visits(1.5)
    for earlier, later in ((VIEW, CLICK), (CLICK, LIKE), (CLICK, CART), (CART, PURCHASE), (PURCHASE, RATING)):
        both = visits.happens[:, earlier] & visits.happens[:, later]
        assert both.any()
        assert np.all(visits.at[both, later] >= visits.at[both, earlier] + 1)


def test_liked_items_lead_further_and_mismatches_are_disliked() -> None:
    shrug, love, reject = _visits(0.0).happens.mean(0), _visits(2.0).happens.mean(0), _visits(-2.0).happens.mean(0)
    for step in (CLICK, LIKE, CART, PURCHASE):
        assert love[step] > 1.5 * shrug[step] > 1.5 * reject[step]
    assert reject[DISLIKE] > 2 * love[DISLIKE]


def test_an_item_seen_before_is_only_looked_at() -> None:
    happens = _visits(2.0, again=True).happens
    assert happens[:, CLICK].any()
    assert not happens[:, funnel.REACTIONS].any()


def test_nothing_happens_after_the_end() -> None:
    visits = _visits(2.0, patience=600.0)
    assert visits.happens[:, CART].any()
    assert visits.at[visits.happens].max() <= 600
    assert visits.happens[:, RATING].sum() < 0.1 * _visits(2.0).happens[:, RATING].sum()


def test_ratings_are_half_stars_that_follow_liking() -> None:
    liking = np.linspace(-3, 3, N, dtype=np.float32)
    stars = draw_ratings(np.random.default_rng(1), liking, np.zeros(N, np.float32))
    assert set(np.unique(stars)) == set(np.arange(0.5, 5.1, 0.5))
    assert np.corrcoef(stars, liking)[0, 1] > 0.85
    assert draw_ratings(np.random.default_rng(1), liking, np.full(N, 0.5, np.float32)).mean() > stars.mean() + 0.2
