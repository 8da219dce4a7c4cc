"""`seed` against a real PostgreSQL, through the command line wherever a person would use it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg import sql

from data_generator import loading
from data_generator.loading import TABLES
from data_generator.plan import Plan
from data_generator.seed import ahead
from data_generator.seed import load as seed_load
from data_generator.seed.load import Seeded, seed
from native.providers.postgres import PostgresServer
from recsys.domain import EventType
from recsys.errors import DataRefused
from recsys.pseudonyms import Pseudonyms

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]
SMALL = Plan(users=200, items=500, interactions=5_000, seed=5)
SMALL_FLAGS = ("--users", "200", "--items", "500", "--interactions", "5000", "--seed", "5")
ROWS = {
    "categories": "category_id, name",
    "users": "user_id, external_id, age, gender, country, signed_up_at",
    "user_preferences": "user_id, category_id, preference",
    "items": "item_id, external_id, title, description, category_id, tags, brand, price, quality, published_at,"
    " available_from, available_until, search_text",
    "interactions": "event_id, user_id, item_id, type, value, occurred_at, received_at, recommendation_id",
}


def _command(database_url: str, state: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {
        "PYTHONPATH": str(ROOT / "services"),
        "RECSTACK_DATABASE_URL": database_url,
        "RECSTACK_STATE_DIR": str(state),
        "COLUMNS": "200",
    }
    return subprocess.run(
        [sys.executable, "-m", "data_generator", "seed", *arguments],
        env={**os.environ, **own, **environment},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


def _seed(database_url: str, state: Path, plan: Plan = SMALL, *, replace: bool = False) -> Seeded:
    return seed(plan, database_url=database_url, state_dir=state, replace=replace, report=lambda *_: None)


def _fetch(database_url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(query).fetchall()


def _number(database_url: str, query: str) -> float:
    return float(_fetch(database_url, query)[0][0])


def _fingerprint(database_url: str) -> dict[str, str]:
    """A hash over the rows of each table; an item's revision counts loads, so it is left out."""
    prints = {}
    with psycopg.connect(database_url) as connection:
        connection.execute("SET timezone = 'UTC'")
        for table, columns in ROWS.items():
            query = f"COPY (SELECT {columns} FROM {table} ORDER BY 1, 2) TO STDOUT"  # noqa: S608
            digest = hashlib.sha256()
            with connection.cursor() as cursor, cursor.copy(query) as copy:
                for chunk in copy:
                    digest.update(chunk)
            prints[table] = digest.hexdigest()
    return prints


def _schema(database_url: str) -> list[tuple[Any, ...]]:
    return _fetch(
        database_url,
        "SELECT indexname::text, indexdef, true FROM pg_indexes WHERE schemaname = 'public' UNION ALL"
        " SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    )


def test_fills_an_empty_database_and_leaves_its_schema_as_it_was(database_url: str, tmp_path: Path) -> None:
    before = _schema(database_url)
    result = _command(database_url, tmp_path, *SMALL_FLAGS)
    assert result.returncode == 0, result.stderr
    for words in ("5,000", "on the top 1 % of items", "median", "view", "truth.npz", "interactions"):
        assert words in result.stdout
    assert _schema(database_url) == before
    for table, count in {"users": 200, "items": 500}.items():
        key = table[:-1] + "_id"
        found = _fetch(database_url, f"SELECT count(*), min({key}), max({key}) FROM {table}")  # noqa: S608
        assert found == [(count, 1, count)]
    assert _number(database_url, "SELECT count(*) FROM interactions") == 5_000
    assert (
        15 <= _number(database_url, "SELECT count(DISTINCT name) FROM categories JOIN items USING (category_id)") <= 40
    )


def test_every_event_makes_sense(database_url: str, tmp_path: Path) -> None:
    _seed(database_url, tmp_path)
    assert {row[0] for row in _fetch(database_url, "SELECT DISTINCT type FROM interactions")} == set(EventType)
    amiss = """
        SELECT count(*) FROM interactions JOIN users USING (user_id) JOIN items USING (item_id)
        WHERE occurred_at < signed_up_at OR occurred_at < published_at OR occurred_at < available_from
           OR occurred_at >= available_until OR occurred_at > '2026-11-01Z' OR occurred_at < '2024-11-01Z'
           OR received_at < occurred_at OR received_at > '2026-11-01Z'"""
    assert _number(database_url, amiss) == 0
    unearned = """
        SELECT count(*) FROM interactions AS bought WHERE type = 'purchase' AND NOT EXISTS (
            SELECT 1 FROM interactions AS cart WHERE cart.type = 'cart' AND cart.user_id = bought.user_id
               AND cart.item_id = bought.item_id AND cart.occurred_at < bought.occurred_at)"""
    assert _number(database_url, "SELECT count(*) FROM interactions WHERE type = 'purchase'") > 0
    assert _number(database_url, unearned) == 0
    ids = "SELECT count(DISTINCT event_id) FROM interactions WHERE event_id ~ '^seed-5-[0-9]{9}$'"
    assert _number(database_url, ids) == 5_000


def test_new_rows_follow_the_loaded_ones(database_url: str, tmp_path: Path) -> None:
    _seed(database_url, tmp_path)
    highest = _number(database_url, "SELECT max(revision) FROM items")
    with psycopg.connect(database_url) as connection:
        user = connection.execute("INSERT INTO users DEFAULT VALUES RETURNING user_id").fetchone()
        item = connection.execute(
            "INSERT INTO items (title, category_id) VALUES ('New', 1) RETURNING item_id, revision"
        ).fetchone()
        category = connection.execute("INSERT INTO categories (name) VALUES ('New') RETURNING category_id").fetchone()
    assert user == (201,)
    assert item == (501, highest + 1)
    assert category == (_number(database_url, "SELECT count(*) FROM categories"),)
    assert _number(database_url, "SELECT reltuples FROM pg_class WHERE relname = 'interactions'") == 5_000


def test_truth_stays_outside_of_the_database(database_url: str, tmp_path: Path) -> None:
    tables = (
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
    )
    before = _fetch(database_url, tables)
    seeded = _seed(database_url, tmp_path)
    assert _fetch(database_url, tables) == before
    with np.load(seeded.truth) as truth:
        assert truth["user_topics"].shape[0] == 200
        names = truth["category_names"][truth["item_category"]].tolist()
    stored = _fetch(database_url, "SELECT name FROM items JOIN categories USING (category_id) ORDER BY item_id")
    assert [row[0] for row in stored] == names


def test_same_seed_same_rows_whatever_the_process_zone_and_chunks(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = _seed(database_url, tmp_path).truth.read_bytes()
    first = _fingerprint(database_url)
    again = _command(database_url, tmp_path / "again", *SMALL_FLAGS, "--replace", TZ="Asia/Tokyo", PYTHONHASHSEED="7")
    assert again.returncode == 0, again.stderr
    assert _fingerprint(database_url) == first
    assert (tmp_path / "again" / "truth.npz").read_bytes() == truth
    monkeypatch.setattr(ahead, "DEPTH", 0)
    _seed(database_url, tmp_path, replace=True)
    assert _fingerprint(database_url) == first


def test_another_seed_gives_other_rows(database_url: str, tmp_path: Path) -> None:
    _seed(database_url, tmp_path)
    first = _fingerprint(database_url)
    _seed(database_url, tmp_path, Plan(users=200, items=500, interactions=5_000, seed=6), replace=True)
    other = _fingerprint(database_url)
    assert all(first[table] != other[table] for table in ("users", "user_preferences", "items", "interactions"))


def test_a_database_with_data_is_refused_and_the_flag_named(database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO users DEFAULT VALUES")
    result = _command(database_url, tmp_path, *SMALL_FLAGS)
    assert result.returncode == 2
    assert "--replace" in result.stderr
    assert "Traceback" not in result.stderr
    assert _number(database_url, "SELECT count(*) FROM users") == 1
    assert not (tmp_path / "truth.npz").exists()
    assert _command(database_url, tmp_path, *SMALL_FLAGS, "--replace").returncode == 0
    assert _number(database_url, "SELECT count(*) FROM users") == 200


def test_if_empty_loads_once_and_leaves_data_alone(database_url: str, tmp_path: Path) -> None:
    assert _command(database_url, tmp_path, *SMALL_FLAGS, "--if-empty").returncode == 0
    before = _fingerprint(database_url)
    again = _command(database_url, tmp_path, "--users", "10", "--if-empty")
    assert (again.returncode, again.stdout) == (0, "")
    assert "stays as it is" in again.stderr
    assert _fingerprint(database_url) == before


def test_if_empty_and_replace_contradict_each_other(database_url: str, tmp_path: Path) -> None:
    refused = _command(database_url, tmp_path, "--if-empty", "--replace")
    assert refused.returncode == 2
    assert "--replace" in refused.stderr


def test_a_database_without_tables_is_refused_and_the_command_named(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    result = _command(postgres_server.url("postgres"), tmp_path, *SMALL_FLAGS)
    assert result.returncode == 2
    assert "python -m recsys.migrations" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://somebody:hunter2@127.0.0.1:1/recstack", "PostgreSQL does not answer"),
        ("postgres//hunter2", "RECSTACK_DATABASE_URL: It begins with no scheme"),
    ],
)
def test_a_database_that_is_away_gets_one_sentence_without_secrets(url: str, words: str, tmp_path: Path) -> None:
    result = _command(url, tmp_path, *SMALL_FLAGS)
    assert result.returncode == 2
    assert words in result.stderr
    assert "hunter2" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_load_that_fails_half_way_changes_nothing(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = _seed(database_url, tmp_path).truth.read_bytes()
    before = (_fingerprint(database_url), _schema(database_url))

    def break_down(*_: object) -> None:
        raise RuntimeError("no more events")

    monkeypatch.setattr(seed_load, "draw_events", break_down)
    with pytest.raises(RuntimeError, match="no more events"):
        _seed(database_url, tmp_path, Plan(users=10, items=50, interactions=100), replace=True)
    assert (_fingerprint(database_url), _schema(database_url)) == before
    assert (tmp_path / "truth.npz").read_bytes() == truth


def test_a_server_that_gives_up_gets_one_sentence(database_url: str, tmp_path: Path) -> None:
    result = _command(database_url, tmp_path, *SMALL_FLAGS, PGOPTIONS="-c statement_timeout=20ms")
    assert result.returncode == 2
    assert "PostgreSQL ended the load, nothing was changed: canceling statement" in result.stderr
    assert "Traceback" not in result.stderr
    assert _number(database_url, "SELECT count(*) FROM categories") == 0
    assert not list(tmp_path.iterdir())


def test_tables_in_use_are_waited_for_only_so_long(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "LOCK_TIMEOUT", "100ms")
    with psycopg.connect(database_url) as other:
        other.execute(sql.SQL("LOCK TABLE {}").format(sql.Identifier(TABLES[0])))
        with pytest.raises(DataRefused, match="in use for 100ms"):
            _seed(database_url, tmp_path)


def test_a_world_that_is_drawn_again_leaves_out_whom_it_lost(database_url: str, tmp_path: Path) -> None:
    """And nobody else gets the id, though it was the last one."""
    last = SMALL.users
    _seed(database_url, tmp_path)
    pseudonyms = Pseudonyms(b"a test's key")
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO tombstones (hash) VALUES (%s)", (pseudonyms.user(last),))
    seed(
        SMALL,
        database_url=database_url,
        state_dir=tmp_path,
        replace=True,
        report=lambda *_: None,
        pseudonyms=pseudonyms,
    )
    assert _fetch(database_url, "SELECT count(*), max(user_id) FROM users") == [(last - 1, last - 1)]
    assert _fetch(database_url, "SELECT max(user_id) < (SELECT max(user_id) + 1 FROM users) FROM interactions") == [
        (True,)
    ]
    with psycopg.connect(database_url) as connection:
        row = connection.execute("INSERT INTO users DEFAULT VALUES RETURNING user_id").fetchone()
    assert row == (last + 1,)
