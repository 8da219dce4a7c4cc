from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest

from model_trainer import snapshot
from model_trainer.snapshot import Snapshot, read_snapshot
from recsys.domain import EVENT_CODES, EventType
from recsys.errors import DataRefused, Unavailable
from recsys.settings import EventWeights

pytestmark = pytest.mark.integration

NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, UTC)


def _fill(database_url: str) -> None:
    """Users 3, 5 and 9 (9 without events); items 2, 4 and 8."""
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO users (user_id) VALUES (3), (5), (9)")
        connection.execute("INSERT INTO categories (name) VALUES ('tools'), ('books')")
        connection.execute(
            """INSERT INTO items (item_id, title, description, category_id, tags, brand, quality) VALUES
            (4, 'Saw', 'Cuts wood', 1, '{oak,pine}', 'Acme', 4.5),
            (2, 'Nameless', NULL, NULL, '{}', NULL, NULL),
            (8, 'Novel', NULL, 2, '{}', NULL, 2)"""
        )
        events = [
            ("a", 5, 8, "rating", 3.5, NOON),
            ("b", 3, 2, "view", None, NOON - timedelta(days=1)),
            ("c", 5, 8, "purchase", None, NOON + timedelta(seconds=1)),
            ("d", 5, 2, "dislike", None, NOON),
        ]
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO interactions (event_id, user_id, item_id, type, value, occurred_at)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                events,
            )


def _sorted_events(taken: Snapshot) -> list[tuple[int, int, str, float, float]]:
    names = list(EventType)
    events = taken.events
    columns = zip(events.users, events.items, events.types, events.values, events.at, strict=True)
    return sorted(
        (int(taken.user_ids[user]), int(taken.item_ids[item]), names[code].value, float(value), float(at))
        for user, item, code, value, at in columns
    )


def test_reads_every_event_with_its_type_value_and_time(database_url: str) -> None:
    _fill(database_url)
    taken = read_snapshot(database_url)
    assert taken.user_ids.tolist() == [3, 5]
    assert taken.item_ids.tolist() == [2, 4, 8]
    expected = [
        (3, 2, "view", pytest.approx(np.nan, nan_ok=True), (NOON - timedelta(days=1)).timestamp()),
        (5, 2, "dislike", pytest.approx(np.nan, nan_ok=True), NOON.timestamp()),
        (5, 8, "purchase", pytest.approx(np.nan, nan_ok=True), (NOON + timedelta(seconds=1)).timestamp()),
        (5, 8, "rating", 3.5, NOON.timestamp()),
    ]
    assert _sorted_events(taken) == expected


def test_reads_the_content_of_the_whole_catalogue(database_url: str) -> None:
    _fill(database_url)
    content = read_snapshot(database_url).content
    assert content.category_names == ["books", "tools"]
    assert content.category.tolist() == [-1, 1, 0]
    assert content.titles == ["Nameless", "Saw", "Novel"]
    assert content.texts[1] == "Saw\nCuts wood\noak\npine\nAcme\ntools"
    assert np.array_equal(content.quality, np.array([np.nan, 4.5, 2], np.float32), equal_nan=True)


def test_reading_in_small_blocks_gives_the_same(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            """INSERT INTO interactions (event_id, user_id, item_id, type, occurred_at)
            SELECT 'x' || n, 3, 2 * (1 + n %% 2), 'click', %s + n * interval '1 second'
            FROM generate_series(1, 100) n""",
            (NOON,),
        )
    whole = read_snapshot(database_url)
    monkeypatch.setattr(snapshot, "BLOCK_BYTES", 130)
    blocks = read_snapshot(database_url)
    assert len(blocks.events) == 104
    assert str(_sorted_events(blocks)) == str(_sorted_events(whole))


def test_training_data_counts_recency_from_the_last_event(database_url: str) -> None:
    _fill(database_url)
    taken = read_snapshot(database_url)
    data = taken.training_data(taken.events, EventWeights())
    assert data.as_of == (NOON + timedelta(seconds=1)).timestamp()
    assert data.histories.weights.shape == (2, 3)
    assert data.histories.ratings[1, 2] == 3.5
    assert data.histories.weights[1, 2] == pytest.approx(6 + 2 * (3.5 - 2.5))


def test_a_writer_during_the_read_is_not_seen(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(database_url)
    read_items = snapshot._read_items

    def write_after_items(connection: psycopg.Connection) -> object:
        result = read_items(connection)
        with psycopg.connect(database_url) as other:
            other.execute("INSERT INTO items (item_id, title) VALUES (1, 'Late')")
            other.execute(
                "INSERT INTO interactions (event_id, user_id, item_id, type, occurred_at)"
                " VALUES ('late', 9, 1, 'view', now())"
            )
        return result

    monkeypatch.setattr(snapshot, "_read_items", write_after_items)
    taken = read_snapshot(database_url)
    assert len(taken.events) == 4
    assert taken.item_ids.tolist() == [2, 4, 8]


@pytest.mark.parametrize("with_items", [False, True])
def test_an_empty_database_is_refused_with_what_to_do(database_url: str, *, with_items: bool) -> None:
    if with_items:
        with psycopg.connect(database_url) as connection:
            connection.execute("INSERT INTO items (title) VALUES ('Alone')")
    missing = "interactions" if with_items else "items"
    with pytest.raises(DataRefused, match=rf"no {missing} to learn from.*data_generator seed"):
        read_snapshot(database_url)


def test_postgres_away_is_said_without_the_password(free_tcp_port: int) -> None:
    with pytest.raises(Unavailable) as refused:
        read_snapshot(f"postgresql://recstack:hunter2@127.0.0.1:{free_tcp_port}/recstack")
    assert refused.value.dependency == "postgres"
    assert "hunter2" not in refused.value.detail


def test_event_codes_are_those_of_the_domain(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO users (user_id) VALUES (1)")
        connection.execute("INSERT INTO items (item_id, title) VALUES (1, 'Thing')")
        for event in EventType:
            connection.execute(
                "INSERT INTO interactions (event_id, user_id, item_id, type, value, occurred_at)"
                " VALUES (%s, 1, 1, %s, %s, %s)",
                (event.value, event.value, 5.0 if event is EventType.RATING else None, NOON),
            )
    codes = read_snapshot(database_url).events.types
    assert sorted(codes.tolist()) == sorted(EVENT_CODES.values())
