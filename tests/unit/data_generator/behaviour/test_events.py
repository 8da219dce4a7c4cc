from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import time_machine
from scipy import stats

from data_generator.behaviour.affinity import charm, interest
from data_generator.behaviour.events import MILLI, EventBlock, draw_events, plan_blocks
from data_generator.plan import Plan
from data_generator.population.preferences import category_shares
from data_generator.world import World, draw_world
from recsys.domain import EVENT_CODES, EventType
from tests.unit.data_generator.conftest import all_events

VIEW, CLICK, LIKE, DISLIKE, CART, PURCHASE, RATING = (EVENT_CODES[event] for event in EventType)


def _pairs(world: World, events: EventBlock, *types: int) -> np.ndarray:
    chosen = np.isin(events.types, types)
    return events.users[chosen] * len(world.catalogue) + events.items[chosen]


def _bytes(events: EventBlock) -> bytes:
    return b"".join(np.asarray(getattr(events, field.name)).tobytes() for field in fields(EventBlock))


def test_every_user_has_exactly_the_events_that_were_planned(world: World, events: EventBlock) -> None:
    assert len(events) == world.plan.interactions
    counts = np.bincount(events.users, minlength=len(world.population))
    assert np.array_equal(counts, world.population.events)
    assert counts.min() >= 5


def test_events_are_grouped_by_user_oldest_first(events: EventBlock) -> None:
    steps = np.diff(events.users)
    assert np.all(steps >= 0)
    assert np.all(np.diff(events.occurred_at)[steps == 0] >= 0)


def _assert_in_time(world: World, events: EventBlock) -> None:
    at, catalogue = events.occurred_at / MILLI, world.catalogue
    assert np.all(at >= world.plan.start_at)
    assert np.all(at >= world.population.signed_up_at[events.users])
    assert np.all(at >= catalogue.live_from[events.items])
    assert np.all(at <= catalogue.live_until[events.items])
    assert np.all(events.received_at >= events.occurred_at)
    assert events.received_at.max() / MILLI <= world.plan.end_at


def test_nothing_happens_outside_its_time(world: World, events: EventBlock) -> None:
    _assert_in_time(world, events)
    assert (world.catalogue.live_until < world.plan.end_at).any()
    assert (world.catalogue.live_from > world.plan.end_at).any()


def test_there_is_some_of_everything_and_most_of_it_views(events: EventBlock) -> None:
    shares = np.bincount(events.types, minlength=len(EventType)) / len(events)
    assert shares.min() > 0.002
    assert 0.5 < shares[VIEW] < 0.8
    assert shares[VIEW] > shares[CLICK] > shares[CART] > shares[PURCHASE]
    assert shares[LIKE] > 2 * shares[DISLIKE]


def test_a_purchase_follows_a_cart_and_that_a_view(world: World, events: EventBlock) -> None:
    first: dict[int, dict[int, int]] = {kind: {} for kind in range(len(EventType))}
    pairs = events.users * len(world.catalogue) + events.items
    for pair, kind, at in zip(pairs.tolist(), events.types.tolist(), events.occurred_at.tolist(), strict=True):
        first[kind].setdefault(pair, at)
    for later, earlier in ((PURCHASE, CART), (CART, VIEW), (CLICK, VIEW), (LIKE, CLICK), (RATING, CLICK)):
        assert first[later]
        for pair, at in first[later].items():
            assert first[earlier][pair] < at


def test_nobody_contradicts_oneself_about_an_item(world: World, events: EventBlock) -> None:
    for kind in (LIKE, DISLIKE, PURCHASE, RATING):
        pairs = _pairs(world, events, kind)
        assert len(np.unique(pairs)) == len(pairs) > 0
    assert not np.isin(_pairs(world, events, LIKE, CART, PURCHASE), _pairs(world, events, DISLIKE)).any()


def _affinity(world: World, events: EventBlock) -> np.ndarray:
    people, plan = world.population, world.plan
    phase = (events.occurred_at / MILLI - plan.start_at) / (plan.end_at - plan.start_at)
    weights = people.weights(events.users, phase)
    topic = world.catalogue.topic[events.items]
    suits = interest(people.topics[events.users], weights, topic, world.lexicon.topic_category)
    return np.asarray(suits + charm(people, world.catalogue, events.users, events.items[:, None])[:, 0])


def test_ratings_follow_true_taste_and_quality(world: World, events: EventBlock) -> None:
    rated = events.types == RATING
    values = events.values[rated]
    assert np.isnan(events.values[~rated]).all()
    assert values.min() >= 0.5
    assert values.max() <= 5
    assert np.all(values * 2 % 1 == 0)
    assert np.corrcoef(values, _affinity(world, events)[rated])[0, 1] > 0.6
    assert stats.spearmanr(values, world.catalogue.appeal[events.items[rated]]).statistic > 0.2
    assert stats.spearmanr(values, world.catalogue.quality[events.items[rated]]).statistic > 0.15


def test_dislikes_are_for_mismatches_and_purchases_for_matches(world: World, events: EventBlock) -> None:
    affinity = _affinity(world, events)
    by_type = {kind: affinity[events.types == kind].mean() for kind in (VIEW, DISLIKE, LIKE, PURCHASE)}
    assert by_type[DISLIKE] < by_type[VIEW] - 0.4
    assert by_type[LIKE] > by_type[VIEW] + 0.4
    assert by_type[PURCHASE] > by_type[VIEW] + 0.4


def test_people_come_for_what_they_like(world: World, events: EventBlock) -> None:
    shares = category_shares(world.population, world.lexicon, 0.5)
    mine = shares[events.users, world.catalogue.category[events.items]].mean()
    others = shares[np.roll(events.users, len(events) // 2), world.catalogue.category[events.items]].mean()
    assert mine > 4 * others


def test_taste_drifts(world: World, events: EventBlock) -> None:
    """Users who were here early and late come late for what they like more at the end than at the beginning."""
    begin = category_shares(world.population, world.lexicon, 0.0)
    end = category_shares(world.population, world.lexicon, 1.0)
    growing = (end - begin)[events.users, world.catalogue.category[events.items]]
    phase = (events.occurred_at / MILLI - world.plan.start_at) / (world.plan.end_at - world.plan.start_at)
    counts, sums = [], []
    for mask in (phase < 0.3, phase > 0.7):
        counts.append(np.bincount(events.users[mask], minlength=len(begin)))
        sums.append(np.bincount(events.users[mask], weights=growing[mask], minlength=len(begin)))
    both = (counts[0] >= 5) & (counts[1] >= 5)
    early, late = (total[both] / count[both] for total, count in zip(sums, counts, strict=True))
    assert both.sum() > 100
    assert (late - early).mean() > 0.02
    assert stats.ttest_rel(late, early).pvalue < 1e-4


def test_visits_come_in_sessions(events: EventBlock) -> None:
    views = events.types == VIEW
    same_user = np.diff(events.users[views]) == 0
    gaps = np.diff(events.occurred_at[views])[same_user] / MILLI
    assert (gaps < 900).mean() > 0.6
    assert (gaps > 6 * 3600).mean() > 0.1


def test_the_popular_change(world: World, events: EventBlock) -> None:
    at = events.occurred_at / MILLI
    middle = (world.plan.start_at + world.plan.end_at) / 2
    n = len(world.catalogue)
    early, late = (np.bincount(events.items[mask], minlength=n) for mask in (at < middle, at >= middle))
    top_early, top_late = np.argsort(-early)[:100], np.argsort(-late)[:100]
    assert 0.1 < len(np.intersect1d(top_early, top_late)) / 100 < 0.9


def test_blocks_can_be_drawn_in_any_order_and_cover_everything(world: World, events: EventBlock) -> None:
    blocks = plan_blocks(world)
    assert len(blocks) > 2
    assert blocks[0].begin == 0
    assert blocks[-1].end == len(world.population)
    backwards = [draw_events(world, block) for block in reversed(blocks)][::-1]
    assert np.array_equal(np.concatenate([block.items for block in backwards]), events.items)
    numbers = np.cumsum([1, *map(len, backwards)])
    assert [block.first_number for block in backwards] == numbers[:-1].tolist()


def test_same_seed_same_events_whatever_the_clock_says(world: World, events: EventBlock) -> None:
    with time_machine.travel("1999-05-05T05:05:05Z"):
        again = all_events(draw_world(world.plan))
    assert _bytes(again) == _bytes(events)


def test_another_seed_gives_other_events(world: World, events: EventBlock) -> None:
    other = all_events(draw_world(replace(world.plan, seed=8)))
    assert (other.items != events.items).mean() > 0.9


@pytest.mark.parametrize(
    ("users", "items", "interactions"),
    [(200, 500, 5_000), (1, 25, 5), (1, 30, 3_000), (3, 25, 15), (500, 25, 2_500), (50, 5_000, 600)],
)
def test_small_worlds_work(users: int, items: int, interactions: int) -> None:
    small = draw_world(Plan(users=users, items=items, interactions=interactions))
    drawn = all_events(small)
    assert len(drawn) == interactions
    assert np.bincount(drawn.users, minlength=users).min() >= 5
    _assert_in_time(small, drawn)
