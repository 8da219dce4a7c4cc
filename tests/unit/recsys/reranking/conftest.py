"""A generated world, small and yet with tastes, and what models learned from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from data_generator.behaviour.events import MILLI, draw_events, plan_blocks
from data_generator.plan import Plan
from data_generator.texts.item_texts import draw_texts, text_blocks
from data_generator.texts.names import draw_names
from data_generator.world import World, draw_world
from recsys.algorithms.base import ItemContent, Recommender, TrainingData
from recsys.algorithms.hybrid import Hybrid
from recsys.algorithms.registry import create
from recsys.domain import Algorithm
from recsys.evaluation.beyond_accuracy import tastes
from recsys.preferences import Events, to_histories
from recsys.reranking.greedy import Pool, pool_size
from recsys.reranking.likeness import Places, expectedness, likeness
from recsys.settings import EventWeights

N = 10
USERS, ITEMS = 150, 900
SETTINGS = {
    Algorithm.POPULARITY: {},
    Algorithm.ITEM_BASED: {},
    Algorithm.ALS: {"factors": 16, "iterations": 5},
    Algorithm.CONTENT_BASED: {},
}

NOTHING = np.empty(0)
EMPTY = Pool(NOTHING, np.empty((0, 0), np.float32), np.empty(0, np.int32), NOTHING, NOTHING, NOTHING)


@dataclass(frozen=True)
class Generated:
    data: TrainingData
    models: Mapping[Algorithm, Recommender]
    pools: tuple[Pool, ...]
    """Of each user's hybrid list."""
    items: np.ndarray
    """(n_users, k) the columns in each pool"""


@pytest.fixture(scope="package")
def generated() -> Generated:
    data = _training_data(draw_world(Plan(users=USERS, items=ITEMS, interactions=8_000, seed=7)))
    models: dict[Algorithm, Recommender] = {name: create(name, values).fit(data) for name, values in SETTINGS.items()}
    models[Algorithm.HYBRID] = hybrid = Hybrid().bind(models)
    scores = hybrid.fold_in(data.histories).astype(np.float64)
    scores[data.histories.weights.nonzero()] = -np.inf
    items = np.argsort(-scores, axis=1, kind="stable")[:, : pool_size(N)].astype(np.int32)
    shares = np.column_stack([tastes(data.histories, data.content), np.zeros(USERS)])
    best = np.take_along_axis(scores, items, axis=1)
    pools = tuple(
        _pool(data, models, row, items[row], replace(EMPTY, scores=best[row], taste=shares[row]))
        for row in range(USERS)
    )
    return Generated(data, models, pools, items)


def _training_data(world: World) -> TrainingData:
    blocks = [draw_events(world, block) for block in plan_blocks(world)]
    users, items, types, values, at = (
        np.concatenate([getattr(block, name) for block in blocks])
        for name in ("users", "items", "types", "values", "occurred_at")
    )
    events = Events(users.astype(np.int32), items.astype(np.int32), types, values.astype(np.float32), at / MILLI)
    names = draw_names(world.plan)
    texts = [text for block in text_blocks(world) for text in draw_texts(world, names, block)]
    content = ItemContent(
        titles=[text.title for text in texts],
        texts=["\n".join([text.title, text.description, *text.tags]) for text in texts],
        category=world.catalogue.category.astype(np.int32),
        category_names=[category.name for category in world.lexicon.categories],
        quality=np.full(ITEMS, np.nan, np.float32),
    )
    histories = to_histories(events, n_users=USERS, n_items=ITEMS, weights=EventWeights())
    user_ids, item_ids = (np.arange(1, size + 1, dtype=np.int64) for size in (USERS, ITEMS))
    return TrainingData(user_ids, item_ids, histories, content, float(events.at.max()))


def _pool(
    data: TrainingData, models: Mapping[Algorithm, Recommender], row: int, items: np.ndarray, begun: Pool
) -> Pool:
    places = Places(data.content.category[items], items)
    touched_by = np.bincount(data.histories.weights.indices, minlength=ITEMS)
    history = data.histories.rows(np.array([row], np.int32))
    return replace(
        begun,
        likeness=likeness(models, places),
        category=places.category,
        familiarity=np.searchsorted(np.sort(touched_by), touched_by[items]) / ITEMS,
        expectedness=expectedness(models, places, begun.taste, history),
    )
