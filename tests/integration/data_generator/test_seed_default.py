"""The world that a newcomer gets: default sizes, seed and end. And that more events take no more memory."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from data_generator.plan import Plan
from data_generator.seed.load import seed
from native.providers.postgres import PostgresServer

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
SERVICES = str(ROOT / "services")
DATABASE = "seeded_by_default"
DRAW_EVERYTHING = """
import hashlib
from data_generator.behaviour.events import draw_events, plan_blocks
from data_generator.seed.event_rows import event_rows
from data_generator.texts.names import draw_names
from data_generator.plan import Plan
from data_generator.population.preferences import draw_statements
from data_generator.seed.rows import category_rows, item_rows, preference_rows, user_rows
from data_generator.texts.item_texts import draw_texts, text_blocks
from data_generator.world import draw_world

plan = Plan()
world, names, digest = draw_world(plan), draw_names(plan), hashlib.sha256()
for rows in (category_rows(world.lexicon), user_rows(world.population),
             preference_rows(draw_statements(plan, world.lexicon, world.population))):
    digest.update(repr(list(rows)).encode())
for block in text_blocks(world):
    digest.update(repr(list(item_rows(world.catalogue, block, draw_texts(world, names, block)))).encode())
for block in plan_blocks(world):
    digest.update(event_rows(plan.seed, draw_events(world, block)))
print(digest.hexdigest())
"""
SEED_AND_WEIGH = """
import resource, sys
from pathlib import Path
from data_generator.plan import Plan
from data_generator.seed.load import seed

url, state, interactions = sys.argv[1:]
plan = Plan(users=2_000, items=2_000, interactions=int(interactions))
seed(plan, database_url=url, state_dir=Path(state), replace=True, report=lambda *_: None)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _python(script: str, *arguments: str, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={"PYTHONPATH": SERVICES, "PATH": "", **environment},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.fixture(scope="module")
def connection(
    postgres_server: PostgresServer, _migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[psycopg.Connection]:
    """The default world, loaded once."""
    with postgres_server.admin() as admin:
        admin.execute(f"CREATE DATABASE {DATABASE} TEMPLATE {_migrated_template} OWNER recstack")
    url = postgres_server.url(DATABASE)
    seed(Plan(), database_url=url, state_dir=tmp_path_factory.mktemp("state"), replace=False, report=lambda *_: None)
    with psycopg.connect(url) as opened:
        yield opened
    with postgres_server.admin() as admin:
        admin.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def _row(connection: psycopg.Connection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def test_sizes_are_exact_and_ids_have_no_gaps(connection: psycopg.Connection) -> None:
    assert _row(connection, "SELECT count(*), min(user_id), max(user_id) FROM users") == (10_000, 1, 10_000)
    assert _row(connection, "SELECT count(*), min(item_id), max(item_id) FROM items") == (50_000, 1, 50_000)
    assert _row(connection, "SELECT count(*) FROM interactions") == (500_000,)


def test_categories_are_as_the_design_says(connection: psycopg.Connection) -> None:
    query = "SELECT count(*) AS n FROM categories JOIN items USING (category_id) GROUP BY category_id"
    sizes = [row[0] for row in connection.execute(query)]
    assert 15 <= len(sizes) <= 40
    assert min(sizes) >= 500
    assert sum(sizes) == 50_000


def test_popularity_is_realistic(connection: psycopg.Connection) -> None:
    query = "SELECT count(event_id) FROM items LEFT JOIN interactions USING (item_id) GROUP BY item_id ORDER BY 1 DESC"
    counts = [row[0] for row in connection.execute(query)]
    assert 0.15 <= sum(counts[:500]) / 500_000 <= 0.35
    assert sum(count == 0 for count in counts) >= 0.1 * 50_000
    middle = [counts[rank] for rank in (10, 100, 1_000)]
    assert all(1.5 < earlier / later < 20 for earlier, later in itertools.pairwise(middle))


def test_activity_is_realistic(connection: psycopg.Connection) -> None:
    query = """SELECT min(n), percentile_cont(0.5) WITHIN GROUP (ORDER BY n), max(n) FROM
        (SELECT count(event_id) AS n FROM users LEFT JOIN interactions USING (user_id) GROUP BY user_id) AS counts"""
    fewest, median, most = _row(connection, query)
    assert fewest >= 5
    assert 20 <= median <= 40
    assert 200 < most < 5_000


def test_time_is_realistic(connection: psycopg.Connection) -> None:
    query = """SELECT count(*) FILTER (WHERE extract(isodow FROM occurred_at) > 5) / 2.0
          / (count(*) FILTER (WHERE extract(isodow FROM occurred_at) <= 5) / 5.0),
        count(*) FILTER (WHERE extract(hour FROM occurred_at) BETWEEN 18 AND 21)
          / count(*) FILTER (WHERE extract(hour FROM occurred_at) BETWEEN 2 AND 5)::float,
        count(DISTINCT date_trunc('day', occurred_at)), min(occurred_at) >= '2024-11-01Z',
        max(occurred_at) <= '2026-11-01Z' FROM interactions"""
    connection.execute("SET timezone = 'UTC'")
    weekend, evening, days, *inside = _row(connection, query)
    assert 1.1 < weekend < 1.6
    assert evening > 1.5
    assert days == 730
    assert inside == [True, True]


def test_the_default_world_is_the_same_in_every_process() -> None:
    first = _python(DRAW_EVERYTHING, PYTHONHASHSEED="1", TZ="UTC")
    second = _python(DRAW_EVERYTHING, PYTHONHASHSEED="2", TZ="Asia/Tokyo", LC_ALL="C")
    assert first == second
    assert len(first) == hashlib.sha256().digest_size * 2


def test_memory_does_not_grow_with_the_interactions(database_url: str, tmp_path: Path) -> None:
    few, many = (
        int(_python(SEED_AND_WEIGH, database_url, str(tmp_path), str(interactions)))
        for interactions in (200_000, 1_600_000)
    )
    assert many < 1.1 * few
