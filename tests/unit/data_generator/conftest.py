"""A small world that many tests look at, drawn once."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from data_generator.behaviour.events import EventBlock, draw_events, plan_blocks
from data_generator.plan import Plan
from data_generator.world import World, draw_world


def all_events(world: World) -> EventBlock:
    """Every block, one after another."""
    blocks = [draw_events(world, block) for block in plan_blocks(world)]
    columns = [field.name for field in fields(EventBlock) if field.name != "first_number"]
    return EventBlock(1, *(np.concatenate([getattr(block, name) for block in blocks]) for name in columns))


@pytest.fixture(scope="session")
def world() -> World:
    return draw_world(Plan(users=1_500, items=5_000, interactions=60_000, seed=7))


@pytest.fixture(scope="session")
def events(world: World) -> EventBlock:
    return all_events(world)
