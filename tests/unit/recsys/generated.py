"""A world that the data generator draws, small and yet with tastes, as models learn from it."""

from __future__ import annotations

from functools import cache

import numpy as np

from data_generator.behaviour.events import MILLI, draw_events, plan_blocks
from data_generator.plan import Plan
from data_generator.texts.item_texts import draw_texts, text_blocks
from data_generator.texts.names import draw_names
from data_generator.world import World, draw_world
from recsys.algorithms.base import ItemContent, TrainingData
from recsys.preferences import Events, to_histories
from recsys.settings import EventWeights

USERS, ITEMS = 150, 900


@cache
def generated_data() -> TrainingData:
    """Always the same; nobody changes it."""
    events, content = drawn(Plan(users=USERS, items=ITEMS, interactions=8_000, seed=7))
    histories = to_histories(events, n_users=USERS, n_items=ITEMS, weights=EventWeights())
    user_ids, item_ids = (np.arange(1, size + 1, dtype=np.int64) for size in (USERS, ITEMS))
    return TrainingData(user_ids, item_ids, histories, content, float(events.at.max()))


def drawn(plan: Plan) -> tuple[Events, ItemContent]:
    """What people did, and what the catalogue says of the items."""
    world = draw_world(plan)
    return _events(world), _content(world)


def _events(world: World) -> Events:
    blocks = [draw_events(world, block) for block in plan_blocks(world)]
    users, items, types, values, at = (
        np.concatenate([getattr(block, name) for block in blocks])
        for name in ("users", "items", "types", "values", "occurred_at")
    )
    return Events(users.astype(np.int32), items.astype(np.int32), types, values.astype(np.float32), at / MILLI)


def _content(world: World) -> ItemContent:
    names = draw_names(world.plan)
    texts = [text for block in text_blocks(world) for text in draw_texts(world, names, block)]
    return ItemContent(
        titles=[text.title for text in texts],
        texts=["\n".join([text.title, text.description, *text.tags]) for text in texts],
        category=world.catalogue.category.astype(np.int32),
        category_names=[category.name for category in world.lexicon.categories],
        quality=np.full(len(texts), np.nan, np.float32),
    )
