"""The product's own generated data as a split by time, and what the tastes that it was drawn by would foresee of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.public_sets import Part
from data_generator.behaviour.affinity import charm, interest
from data_generator.behaviour.events import IN_CATEGORY, MILLI, ON_TOPIC, SLATE, draw_events, plan_blocks
from data_generator.plan import DAY, HISTORY_DAYS, WEEK, Plan
from data_generator.texts.item_texts import draw_texts, text_blocks
from data_generator.texts.names import draw_names
from data_generator.world import World, draw_world
from recsys.algorithms.base import FloatArray, IndexArray
from recsys.evaluation.judge import judgement
from recsys.evaluation.ranking import rank
from recsys.evaluation.splits import judged_users, relevant_items, time_split
from recsys.preferences import Events, event_weights, to_histories
from recsys.settings import EventWeights

TEST_SHARE = 0.1
K = 10
USERS_AT_ONCE = 256


def parts(_: Path, plan: Plan | None = None) -> Iterator[Part]:
    """One split of the default world, or that of `plan`: train on what came first, foresee what is newly liked later.

    `facts` has the NDCG@10 of lists that know the tastes: `ceiling` ranks by how likely each user is to come across and
    open an item in the weeks of the test part, `taste` by how well it suits the user alone.
    """
    world = draw_world(plan or Plan())
    events, weights = _events(world), EventWeights()
    split = time_split(events, test_share=TEST_SHARE)
    known = to_histories(split.train, n_users=len(world.population), n_items=len(world.catalogue), weights=weights)
    relevant = relevant_items(split.test, known, weights=weights)
    rows = relevant.tocoo()
    train = pd.DataFrame(
        {
            "user_id": split.train.users,
            "item_id": split.train.items,
            "value": event_weights(split.train, weights),
            "timestamp": split.train.at,
        }
    )
    facts = ceilings(world, split.test.at, known.weights, relevant)
    yield Part(
        train, pd.DataFrame({"user_id": rows.row, "item_id": rows.col, "value": 1.0}), _items(world), facts=facts
    )


def _events(world: World) -> Events:
    blocks = [draw_events(world, block) for block in plan_blocks(world)]
    users, items, types, values, at = (
        np.concatenate([getattr(block, name) for block in blocks])
        for name in ("users", "items", "types", "values", "occurred_at")
    )
    return Events(users.astype(np.int32), items.astype(np.int32), types, values.astype(np.float32), at / MILLI)


def _items(world: World) -> pd.DataFrame:
    names = draw_names(world.plan)
    rows = [
        (item, text.title, text.description, " ".join(text.tags), text.brand)
        for block in text_blocks(world)
        for item, text in zip(block, draw_texts(world, names, block), strict=True)
    ]
    table = pd.DataFrame(rows, columns=["item_id", "title", "description", "tags", "brand"])
    table["category"] = np.array([category.name for category in world.lexicon.categories])[world.catalogue.category]
    return table


def ceilings(
    world: World, at: NDArray[np.float64], seen: sparse.csr_array, relevant: sparse.csr_array
) -> dict[str, float]:
    """NDCG@10 of the truth's lists over users with a relevant item.

    Args:
        world: what the events were drawn from
        at: (n,) unix seconds of the test part's events
        seen: (n_users, n_items) whose stored entries are not ranked
        relevant: (n_users, n_items) ones
    """
    users = judged_users(relevant)
    attention = _Attention(world, at)
    ranked: dict[str, list[IndexArray]] = {"ceiling": [], "taste": []}
    for start in range(0, len(users), USERS_AT_ONCE):
        some = users[start : start + USERS_AT_ONCE].astype(np.int64)
        suits = _charm(world, some)
        ranked["ceiling"].append(rank(attention.visits(some, suits), seen[some], K))
        ranked["taste"].append(rank(_interest(world, some) + suits, seen[some], K))
    return {
        f"{name} ndcg@{K}": judgement(np.vstack(lists), relevant, users, (K,)).overall[f"ndcg@{K}"]
        for name, lists in ranked.items()
    }


def _charm(world: World, users: NDArray[np.int64]) -> FloatArray:
    """(k, n_items)"""
    items = np.broadcast_to(np.arange(len(world.catalogue)), (len(users), len(world.catalogue)))
    return np.stack(
        [charm(world.population, world.catalogue, users[[row]], items[[row]])[0] for row in range(len(users))]
    )


def _interest(world: World, users: NDArray[np.int64]) -> FloatArray:
    """(k, n_items) at the end of history."""
    people, n_topics = world.population, len(world.lexicon.topics)
    weights = people.weights(users, np.ones(len(users)))
    by_topic = [
        interest(people.topics[users], weights, np.full(len(users), topic), world.lexicon.topic_category)
        for topic in range(n_topics)
    ]
    return np.stack(by_topic, axis=1)[:, world.catalogue.topic]


class _Attention:
    """How often each item is come across in the weeks of the test part, by where the visitor looks."""

    def __init__(self, world: World, at: NDArray[np.float64]) -> None:
        self._world = world
        weeks, counts = np.unique(((at - world.plan.start_at) // WEEK).astype(np.int64), return_counts=True)
        shares = counts / counts.sum()
        n = len(world.catalogue)
        self.topic, self.category, self.anywhere = (np.zeros(n) for _ in range(3))
        category = world.lexicon.topic_category[world.catalogue.topic]
        for week, share in zip(weeks, shares, strict=True):
            weight = np.empty(n)
            weight[world.demand.order] = np.diff(world.demand.totals[week * n : (week + 1) * n + 1])
            self.topic += share * _within(weight, world.catalogue.topic)
            self.category += share * _within(weight, category)
            self.anywhere += share * weight / weight.sum()
        self._fashion = np.exp(world.trends[weeks].T.astype(np.float64) @ shares)
        self._phase = (float(np.median(at)) - world.plan.start_at) / (HISTORY_DAYS * DAY)
        self._item_category = category

    def visits(self, users: NDArray[np.int64], suits: FloatArray) -> FloatArray:
        """(k, n_items) proportional to how often each user opens each item, on average."""
        people, lexicon = self._world.population, self._world.lexicon
        minds = people.weights(users, np.full(len(users), self._phase)) * self._fashion[people.topics[users]]
        on_mind = np.zeros((len(users), len(lexicon.topics)))
        np.add.at(on_mind, (np.arange(len(users))[:, None], people.topics[users]), minds)
        on_mind /= on_mind.sum(axis=1, keepdims=True)
        by_category = np.add.reduceat(on_mind, lexicon.first_topic[:-1], axis=1)
        come_across = (
            ON_TOPIC * on_mind[:, self._world.catalogue.topic] * self.topic
            + IN_CATEGORY * by_category[:, self._item_category] * self.category
            + (1 - ON_TOPIC - IN_CATEGORY) * self.anywhere
        )
        attraction = np.exp(suits)
        usual = attraction @ self.anywhere
        return np.asarray(come_across * attraction / (attraction + (SLATE - 1) * usual[:, None]), np.float32)


def _within(weight: NDArray[np.float64], group: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) each item's share of its group's weight; 0 in a group without any."""
    totals = np.bincount(group, weight)
    return np.divide(weight, totals[group], out=np.zeros_like(weight), where=totals[group] > 0)
