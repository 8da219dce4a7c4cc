"""What the users do, block by block: sessions, what they come across in them, what they choose, what follows.

A block is a run of users with about `BLOCK_EVENTS` events and has its own source of chance: blocks can be drawn in any
order, and only one needs to be held.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_generator.behaviour import funnel
from data_generator.behaviour.affinity import charm, interest
from data_generator.plan import DAY, HISTORY_DAYS, WEEK, Stream
from data_generator.sampling import Floats, choose
from data_generator.world import World

BLOCK_EVENTS = 20_000
"""Part of what a seed means, like every figure here; how many blocks lie ready at a time is not."""
MEAN_SESSION_VISITS = 5
GAP_SECONDS, GAP_SPREAD, MAX_GAP_SECONDS = 70.0, 0.8, 600.0
MAX_SESSION_SECONDS = 11 * 3600.0
"""Less than the half day that activity ends before history does."""
ON_TOPIC, IN_CATEGORY = 0.70, 0.15
"""Visits to the topic on the user's mind and to its category; the others start from what everybody looks at."""
SLATE = 4
"""Items that a user looks over before opening one."""
LAST_MINUTE = 60.0
"""Nothing happens in it, so that every event arrives before the end."""
MILLI = 1_000


@dataclass(frozen=True, slots=True)
class Block:
    """Users `begin..end` (positions, exclusive), whose events are numbered from `first_number`."""

    index: int
    begin: int
    end: int
    first_number: int


@dataclass(frozen=True, slots=True)
class EventBlock:
    """Events as columns, by user, oldest first."""

    first_number: int
    """1 for the first event of all."""
    users: NDArray[np.int64]
    """Positions, as in the population."""
    items: NDArray[np.int64]
    """Positions, as in the catalogue."""
    types: NDArray[np.int8]
    """Position in `EventType`."""
    values: Floats
    """The rating, NaN for other types."""
    occurred_at: NDArray[np.int64]
    """Unix milliseconds."""
    received_at: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.users)


@dataclass(frozen=True, slots=True)
class _Sessions:
    """Sessions of k visits: `of` (k,) tells each visit's session; the others have one entry per session."""

    of: NDArray[np.int64]
    user: NDArray[np.int64]
    weights: NDArray[np.float32]
    """(n, INTERESTS) taste at the time"""
    topic: NDArray[np.int64]
    """What is on the user's mind."""


def plan_blocks(world: World) -> list[Block]:
    totals = np.concatenate(([0], np.cumsum(world.population.events)))
    block_of = totals[:-1] // BLOCK_EVENTS
    begins = np.flatnonzero(np.diff(block_of, prepend=-1))
    ends = np.append(begins[1:], len(block_of))
    return [
        Block(index, int(begin), int(end), int(totals[begin]) + 1)
        for index, (begin, end) in enumerate(zip(begins, ends, strict=True))
    ]


def draw_events(world: World, block: Block) -> EventBlock:
    rng = world.plan.rng(Stream.BEHAVIOUR, block.index)
    wanted = world.population.events[block.begin : block.end]
    users = np.repeat(np.arange(block.begin, block.end), wanted)
    sessions, at = _draw_sessions(rng, world, users, wanted)
    items = _draw_items(rng, world, sessions, at)
    liking = _liking(world, sessions, items)
    until = np.minimum(world.plan.end_at - LAST_MINUTE, world.catalogue.live_until[items])
    visits = funnel.draw_visits(rng, liking, _seen_before(users, items, len(world.catalogue)), at, until)
    visit, types = _first_events(visits.happens, users, wanted)
    values = np.full(len(visit), np.nan)
    rated = types == funnel.RATING
    values[rated] = funnel.draw_ratings(rng, liking[visit[rated]], world.population.generosity[users[visit[rated]]])
    occurred_at = (visits.at[visit, types] * MILLI).astype(np.int64)
    received_at = occurred_at + _draw_latency(rng, len(visit))
    order = np.lexsort((types, occurred_at, users[visit]))
    return EventBlock(
        block.first_number,
        users[visit][order],
        items[visit][order],
        types[order].astype(np.int8),
        values[order],
        occurred_at[order],
        received_at[order],
    )


def _draw_sessions(
    rng: np.random.Generator, world: World, users: NDArray[np.int64], wanted: NDArray[np.int64]
) -> tuple[_Sessions, Floats]:
    """Sessions for as many visits as there could be, and the moment of each visit."""
    people = world.population
    opens = rng.random(len(users)) < 1 / MEAN_SESSION_VISITS
    opens[np.cumsum(wanted) - wanted] = True
    of = np.cumsum(opens) - 1
    user = users[opens]
    begin = world.rhythm.draw(
        rng.random(len(user)), people.active_from[user], people.active_until[user], people.utc_offset[user]
    )
    gaps = np.minimum(GAP_SECONDS * rng.lognormal(0, GAP_SPREAD, len(users)), MAX_GAP_SECONDS)
    clock = np.cumsum(gaps)
    at = begin[of] + np.minimum(clock - clock[opens][of], MAX_SESSION_SECONDS)
    phase = (begin - world.plan.start_at) / (HISTORY_DAYS * DAY)
    weights = people.weights(user, phase)
    fashion = world.trends[_week(world, begin)[:, None], people.topics[user]]
    focus = choose(rng, np.log(weights + np.float32(1e-9)) + fashion)
    topic = people.topics[user, focus].astype(np.int64)
    return _Sessions(of, user, weights, topic), at


def _draw_items(rng: np.random.Generator, world: World, sessions: _Sessions, at: Floats) -> NDArray[np.int64]:
    """(k,) the item opened: the most attractive, more or less, of a few that the user comes across."""
    lexicon = world.lexicon
    topic = sessions.topic[sessions.of]
    category = lexicon.topic_category[topic]
    where = rng.random(len(topic))
    on_topic, in_category = where < ON_TOPIC, where < ON_TOPIC + IN_CATEGORY
    first = np.where(on_topic, topic, np.where(in_category, lexicon.first_topic[category], 0))
    last = np.where(on_topic, topic + 1, np.where(in_category, lexicon.first_topic[category + 1], len(lexicon.topics)))
    slate = world.demand.draw(_week(world, at), first, last, rng.random((len(topic), SLATE)))
    attraction = charm(world.population, world.catalogue, sessions.user[sessions.of], slate)
    return slate[np.arange(len(topic)), choose(rng, attraction)]


def _liking(world: World, sessions: _Sessions, items: NDArray[np.int64]) -> NDArray[np.float32]:
    user = sessions.user[sessions.of]
    topics, weights = world.population.topics[user], sessions.weights[sessions.of]
    suits = interest(topics, weights, world.catalogue.topic[items], world.lexicon.topic_category)
    return suits + charm(world.population, world.catalogue, user, items[:, None])[:, 0]


def _week(world: World, at: Floats) -> NDArray[np.int64]:
    return ((at - world.plan.start_at) // WEEK).astype(np.int64)


def _seen_before(users: NDArray[np.int64], items: NDArray[np.int64], n_items: int) -> NDArray[np.bool_]:
    """(k,) True where an earlier visit in the sequence is by the same user to the same item."""
    _, first = np.unique(users * n_items + items, return_index=True)
    again = np.ones(len(users), bool)
    again[first] = False
    return again


def _first_events(
    happens: NDArray[np.bool_], users: NDArray[np.int64], wanted: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Visit and type of exactly as many events as each user is to have; the last visit may break off half-way."""
    visit, types = np.nonzero(happens)
    owner = users[visit] - users[0]
    counts = np.bincount(owner, minlength=len(wanted))
    rank = np.arange(len(visit)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = rank < wanted[owner]
    return visit[kept], types[kept]


def _draw_latency(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    """(n,) milliseconds until an event is received: mostly a blink, now and then a slow line."""
    return np.minimum(80 * rng.lognormal(0, 1.2, n), LAST_MINUTE * MILLI - 1).astype(np.int64)
