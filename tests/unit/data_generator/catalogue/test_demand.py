from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data_generator.catalogue.demand import make_demand
from data_generator.catalogue.items import Catalogue, draw_catalogue
from data_generator.catalogue.lexicon import load_lexicon
from data_generator.catalogue.trends import SPREAD, draw_trends
from data_generator.plan import WEEK, Plan
from data_generator.world import World

LEXICON = load_lexicon()
TOPICS = len(LEXICON.topics)


def _draw(world: World, weeks: np.ndarray, first: int, last: int, n: int = 50) -> np.ndarray:
    chances = np.random.default_rng(1).random((len(weeks), n))
    return world.demand.draw(weeks, np.full(len(weeks), first), np.full(len(weeks), last), chances)


def test_only_what_is_on_sale_for_the_whole_week_is_come_across(world: World) -> None:
    weeks = np.repeat(np.arange(world.plan.weeks), 20)
    items = _draw(world, weeks, 0, TOPICS)
    begin = (world.plan.start_at + weeks * WEEK)[:, None]
    assert np.all(world.catalogue.live_from[items] <= begin)
    assert np.all(world.catalogue.live_until[items] >= np.minimum(begin + WEEK, world.plan.end_at))


def test_a_topic_or_category_is_kept_to_where_it_has_something(world: World) -> None:
    weeks = np.full(200, world.plan.weeks - 1)
    category = 3
    first, last = LEXICON.first_topic[category : category + 2]
    assert set(world.catalogue.category[_draw(world, weeks, first, last)].ravel()) == {category}
    assert set(world.catalogue.topic[_draw(world, weeks, first, first + 1)].ravel()) == {first}


def test_a_topic_without_items_falls_back_on_the_whole_catalogue() -> None:
    plan = Plan(users=1, items=25, interactions=5)
    lonely = _world_of_one_topic(plan)
    demand = make_demand(plan, LEXICON, lonely, draw_trends(plan, TOPICS))
    drawn = demand.draw(np.array([0, 104]), np.array([7, 7]), np.array([8, 8]), np.full((2, 3), 0.5))
    assert drawn.shape == (2, 3)
    assert set(lonely.topic[drawn].ravel()) == {0}


def _world_of_one_topic(plan: Plan) -> Catalogue:
    drawn = draw_catalogue(plan, LEXICON)
    return replace(drawn, topic=np.zeros(25, np.int64), category=np.zeros(25, np.int64))


def test_the_better_known_are_come_across_more_often(world: World) -> None:
    counts = np.bincount(_draw(world, np.arange(world.plan.weeks), 0, TOPICS, 3_000).ravel(), minlength=5_000)
    old = world.catalogue.published_at < world.plan.start_at
    renown = world.catalogue.renown
    assert counts[old & (renown > np.quantile(renown, 0.9))].mean() > 4 * counts[old & (renown < 0.05)].mean()


def test_new_items_have_their_moment(world: World) -> None:
    weeks = np.arange(40, world.plan.weeks)
    items = _draw(world, weeks, 0, TOPICS, 4_000)
    age = ((world.plan.start_at + weeks * WEEK)[:, None] - world.catalogue.live_from[items]) / WEEK
    released = (world.catalogue.published_at > world.plan.start_at).sum() / world.plan.weeks
    fresh, ripe = ((age < 6).sum() / 6, ((age >= 20) & (age < 40)).sum() / 20)
    assert released > 20
    assert fresh > 1.5 * ripe


def test_attention_moves_between_items_that_are_no_longer_new(world: World) -> None:
    attention = np.diff(world.demand.totals).reshape(world.plan.weeks, -1)
    old = world.catalogue.published_at[world.demand.order] < world.plan.start_at
    early, middle, late = (attention[week, old] for week in (30, 32, 100))
    on_sale = (early > 0) & (middle > 0) & (late > 0)
    near, far = (np.log(later[on_sale] / early[on_sale]).std() for later in (middle, late))
    assert far > 0.4 > 2 * near


def test_fashion_drifts_but_stays_in_bounds() -> None:
    trends = draw_trends(Plan(), 2_000)
    assert trends.std() == pytest.approx(SPREAD, rel=0.1)
    near = np.corrcoef(trends[50], trends[51])[0, 1]
    far = np.corrcoef(trends[0], trends[104])[0, 1]
    assert near > 0.9
    assert far < 0.2
