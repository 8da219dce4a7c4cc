"""What the events tell of taste is enough for a plain neighbourhood model to beat popularity by far."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from data_generator.behaviour.events import EventBlock
from data_generator.world import World
from recsys.domain import EVENT_CODES, EventType

K = 10


def _touched(world: World, events: EventBlock, mask: np.ndarray) -> sparse.csr_array:
    """(users, items) one where there was an event."""
    ones = np.ones(int(mask.sum()))
    shape = (world.plan.users, world.plan.items)
    matrix = sparse.csr_array((ones, (events.users[mask], events.items[mask])), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def _ndcg(scores: np.ndarray, seen: np.ndarray, relevant: np.ndarray) -> float:
    scores = np.where(seen, -np.inf, scores)
    top = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    discounts = 1 / np.log2(np.arange(K) + 2)
    ideal = np.cumsum(discounts)[np.minimum(relevant.sum(axis=1), K).astype(int) - 1]
    return float((np.take_along_axis(relevant, top, axis=1) @ discounts / ideal).mean())


def test_neighbours_beat_popularity_on_a_time_split_over_the_full_catalogue(world: World, events: EventBlock) -> None:
    early = events.occurred_at < np.quantile(events.occurred_at, 0.9)
    train = _touched(world, events, early)
    later = _touched(world, events, ~early & (events.types != EVENT_CODES[EventType.DISLIKE]))
    new = sparse.csr_array(later - later.multiply(train))
    users = np.flatnonzero(new.sum(axis=1) > 0)[:500]
    popularity = train.sum(axis=0)
    unit = sparse.csr_array(train @ sparse.diags_array(1 / (np.sqrt(popularity) + 3)))
    seen, relevant = train[users].toarray() > 0, new[users].toarray()
    by_popularity = _ndcg(np.tile(popularity, (len(users), 1)), seen, relevant)
    by_neighbours = _ndcg((unit[users] @ (unit.T @ unit)).toarray(), seen, relevant)
    assert by_neighbours > 2 * by_popularity > 0
