"""`seed`: draw a world and load it, all of it or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from data_generator.behaviour.events import Block, EventBlock, draw_events, plan_blocks
from data_generator.erased import Erased
from data_generator.loading import bulk_load, copy_binary, copy_rows, deferred_checks
from data_generator.plan import Plan
from data_generator.population.preferences import draw_statements
from data_generator.seed import rows
from data_generator.seed.ahead import ahead
from data_generator.seed.event_rows import EVENT_COLUMNS, event_rows
from data_generator.seed.realism import Realism, Tally
from data_generator.texts.item_texts import draw_texts, text_blocks
from data_generator.texts.names import draw_names
from data_generator.truth import FILE_NAME, truth_file, write_truth
from data_generator.world import World, draw_world
from recsys.pseudonyms import Pseudonyms

INDEX_MEMORY = "256MB"

Report = Callable[[str, int, int], None]
"""Told the step, and how many of how many rows are done."""


@dataclass(frozen=True, slots=True)
class Seeded:
    realism: Realism
    truth: Path
    seconds: dict[str, float]
    """By step."""


class _Steps:
    """Times each step and reports its rows."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._began = time.perf_counter()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        """Hands out what to call with each number of further rows."""
        done = 0

        def more(count: int) -> None:
            nonlocal done
            done += count
            self._report(name, done, total)

        began = time.perf_counter()
        more(0)
        yield more
        self.seconds[name] = time.perf_counter() - began


def seed(
    plan: Plan,
    *,
    database_url: str,
    state_dir: Path,
    replace: bool,
    report: Report,
    pseudonyms: Pseudonyms | None = None,
) -> Seeded:
    """Fill the database with the plan's world in one transaction, and keep its true tastes in `state_dir`. Users whose
    ids were erased are left out, where `pseudonyms` tells them.

    Raises:
        DataRefused: PostgreSQL is away, not migrated, or has data and `replace` is false; or `state_dir` cannot be
            written to.
    """
    steps = _Steps(report)
    tally = Tally(plan.users, plan.items)
    began = time.perf_counter()
    with truth_file(state_dir) as truth, bulk_load(database_url, replace=replace) as connection:
        connection.execute(sql.SQL("SET LOCAL maintenance_work_mem = {}").format(INDEX_MEMORY))
        with steps.step("world", 1) as more:
            world = draw_world(plan)
            write_truth(truth, world)
            more(1)
        with deferred_checks(connection, "interactions"):
            _load_users(connection, world, steps)
            with deferred_checks(connection, "items"):
                _load_items(connection, world, steps)
            _load_events(connection, world, tally, steps)
            if pseudonyms:
                Erased.read(connection, pseudonyms).delete(connection, plan.users)
    seconds = steps.seconds | {"indexes and checks": time.perf_counter() - began - sum(steps.seconds.values())}
    return Seeded(tally.realism(), state_dir / FILE_NAME, seconds)


def _load_users(connection: psycopg.Connection, world: World, steps: _Steps) -> None:
    with steps.step("users", len(world.population)) as more:
        copy_rows(connection, "categories", rows.CATEGORY_COLUMNS, rows.category_rows(world.lexicon))
        more(copy_rows(connection, "users", rows.USER_COLUMNS, rows.user_rows(world.population)))
        statements = draw_statements(world.plan, world.lexicon, world.population)
        copy_rows(connection, "user_preferences", rows.PREFERENCE_COLUMNS, rows.preference_rows(statements))


def _load_items(connection: psycopg.Connection, world: World, steps: _Steps) -> None:
    names = draw_names(world.plan)

    def draw(block: range) -> list[rows.Row]:
        return list(rows.item_rows(world.catalogue, block, draw_texts(world, names, block)))

    def drawn() -> Iterator[rows.Row]:
        for block in ahead(draw, text_blocks(world)):
            yield from block
            more(len(block))

    with steps.step("items", len(world.catalogue)) as more:
        copy_rows(connection, "items", rows.ITEM_COLUMNS, drawn())


def _load_events(connection: psycopg.Connection, world: World, tally: Tally, steps: _Steps) -> None:
    def draw(block: Block) -> tuple[EventBlock, bytes]:
        events = draw_events(world, block)
        return events, event_rows(world.plan.seed, events)

    def drawn() -> Iterator[bytes]:
        for events, text in ahead(draw, plan_blocks(world)):
            yield text
            tally.add(events)
            more(len(events))

    with steps.step("interactions", world.plan.interactions) as more:
        copy_binary(connection, "interactions", EVENT_COLUMNS, drawn())
