"""`import` on a real PostgreSQL: what lies in the tables afterwards, and what is refused."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from psycopg.rows import tuple_row
from pyarrow import parquet
from typer.testing import CliRunner, Result

from data_generator.importers.cli import app
from native.ports import free_port
from recsys.pseudonyms import Pseudonyms
from recsys.settings import Settings

pytestmark = pytest.mark.integration

Run = Callable[..., Result]
Query = Callable[[str], list[tuple[Any, ...]]]

EVENTS = """uid,product,kind,stars,at
ann,lamp,view,,2020-01-01T00:00:00Z
ann,lamp,rating,5,1577836860
bob,sofa,addtocart,,1577836920000
bob,lamp,rating,eleven,1577836920
,lamp,view,,1577836920
bob,,view,,1577836920
bob,lamp,rating,11,1577836920
bob,lamp,rating,nan,1577836920
bob,lamp,stare,,1577836920
bob,lamp,view,,2999-01-01
ann,lamp,view,,2020-01-01
ann,lamp
"""
GOODS = """sku,name,about,genres,cost
lamp,Lamp,Warm light,Home|Light,12.50
desk,Desk,,Home,-3
desk,Desk,Of oak,Home,99
lamp,Lamp again,,,1
"""
PEOPLE = """uid,age,gender
ann,34,F
ann,35,F
cid,12,
dora,,unknown
"""
FLAGS = [
    *("--map", "user_id=uid", "--map", "interactions.item_id=product", "--map", "type=kind", "--map", "value=stars"),
    *("--map", "timestamp=at", "--type-map", "addtocart=cart", "--scale", "0", "10"),
]
ITEM_FLAGS = [
    *("--map", "items.item_id=sku", "--map", "title=name", "--map", "description=about", "--map", "price=cost"),
]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command as typed, in an empty folder."""
    monkeypatch.setenv("RECSTACK_DATABASE_URL", database_url)
    monkeypatch.setenv("RECSTACK_STATE_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def query(database_url: str) -> Query:
    def rows(statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(database_url, row_factory=tuple_row) as connection:
            connection.execute("SET TIME ZONE 'UTC'")
            return connection.execute(statement.encode()).fetchall()

    return rows


def _write(name: str, content: str) -> str:
    Path(name).write_text(content, encoding="utf-8")
    return name


def test_a_table_with_bad_rows_loads_the_others(run: Run, query: Query) -> None:
    events, goods = _write("events.csv", EVENTS), _write("goods.csv", GOODS)
    result = run("table", "--interactions", events, "--items", goods, *FLAGS, *ITEM_FLAGS)
    assert result.exit_code == 0, result.output

    at = datetime(2020, 1, 1, tzinfo=UTC)
    assert query("SELECT user_id, external_id, signed_up_at = to_timestamp(1577836800) FROM users ORDER BY 1") == [
        (1, "ann", True),
        (2, "bob", False),
    ]
    assert query("SELECT item_id, external_id, title, description, tags, price FROM items ORDER BY 1") == [
        (1, "lamp", "Lamp", "Warm light", ["Home", "Light"], pytest.approx(12.5)),
        (2, "desk", "Desk", "Of oak", ["Home"], 99),
        (3, "sofa", "sofa", None, [], None),
    ]
    assert query("SELECT i.item_id, c.name FROM items i JOIN categories c USING (category_id) ORDER BY 1") == [
        (1, "Home"),
        (2, "Home"),
    ]
    assert query("SELECT event_id, user_id, item_id, type, value, occurred_at FROM interactions ORDER BY 6") == [
        ("events-ann-lamp-view-1577836800", 1, 1, "view", None, at),
        ("events-ann-lamp-rating-1577836860", 1, 1, "rating", 2.75, at.replace(minute=1)),
        ("events-bob-sofa-cart-1577836920", 2, 3, "cart", None, at.replace(minute=2)),
    ]


def test_users_of_a_file_come_first_each_once(run: Run, query: Query) -> None:
    events, people = _write("events.csv", EVENTS), _write("people.csv", PEOPLE)
    result = run("table", "--interactions", events, "--users", people, *FLAGS)
    assert result.exit_code == 0, result.output
    assert query("SELECT user_id, external_id, age, gender FROM users ORDER BY 1") == [
        (1, "ann", 34, "female"),
        (2, "cid", None, None),
        (3, "bob", None, None),
    ]
    with Path("rejects.csv").open(encoding="utf-8", newline="") as file:
        rows = [(int(row["row"]), row["reason"]) for row in csv.DictReader(file) if row["file"] == "people.csv"]
    assert rows == [
        (3, "user_id repeats an earlier row"),
        (5, "gender is none of female, male, nonbinary, other, undisclosed, m, f"),
    ]


def test_rejected_rows_stand_in_the_file_with_number_and_reason(run: Run) -> None:
    events, goods = _write("events.csv", EVENTS), _write("goods.csv", GOODS)
    result = run(
        "table", "--interactions", events, "--items", goods, *FLAGS, *ITEM_FLAGS, "--rejects", "not_loaded.csv"
    )
    with Path("not_loaded.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["file"], int(row["row"]), row["reason"]) for row in csv.DictReader(file)]
    assert rows == [
        ("goods.csv", 3, "price is outside 0..1e+10"),
        ("goods.csv", 5, "item_id repeats an earlier row"),
        ("events.csv", 5, "value is not a number"),
        ("events.csv", 6, "user_id is empty"),
        ("events.csv", 7, "item_id is empty"),
        ("events.csv", 8, "value is outside 0..10"),
        ("events.csv", 9, "value is not a number"),
        ("events.csv", 10, "type is none of view, click, like, dislike, cart, purchase, rating, addtocart"),
        ("events.csv", 11, "timestamp lies in the future"),
        ("events.csv", 13, "the row has not 5 columns"),
        ("events.csv", 12, "the event repeats an earlier row"),
    ]
    words = " ".join(result.output.split())
    for part in ("not_loaded.csv", "value is not a number", "users", "goods.csv"):
        assert part in words


def test_parquet_means_the_same_as_text(run: Run, query: Query) -> None:
    table = pa.table(
        {
            "user_id": pa.array([1, 1, None]),
            "item_id": pa.array([10, 20, 30]),
            "value": pa.array([4.0, float("nan"), 3.0]),
            "timestamp": pa.array([datetime(2020, 1, 1, tzinfo=UTC)] * 3, pa.timestamp("ns", "UTC")),
        }
    )
    parquet.write_table(table, "events.parquet")
    result = run("table", "--interactions", "events.parquet")
    assert result.exit_code == 0, result.output
    assert query("SELECT event_id, value FROM interactions") == [("events-1-10-rating-1577836800", 4.0)]
    assert query("SELECT external_id FROM users UNION ALL SELECT external_id FROM items") == [("1",), ("10",)]


def test_data_that_is_there_is_kept_until_replaced(run: Run, query: Query) -> None:
    first = _write("a.csv", "user_id,item_id,value,timestamp\nu,i,4,100\nv,i,4,100\n")
    second = _write("b.csv", "user_id,item_id,value,timestamp\nw,j,4,100\n")
    assert run("table", "--interactions", first).exit_code == 0

    refused = run("table", "--interactions", second)
    assert refused.exit_code == 2
    assert "--replace" in refused.output
    assert query("SELECT external_id FROM users ORDER BY user_id") == [("u",), ("v",)]

    revision = query("SELECT max(revision) FROM items")[0][0]
    assert run("table", "--interactions", second, "--replace").exit_code == 0
    assert query("SELECT user_id, external_id FROM users") == [(1, "w")]
    assert query("SELECT min(revision) FROM items")[0][0] > revision


def test_a_replacement_that_fails_leaves_what_was_there(run: Run, query: Query) -> None:
    run("table", "--interactions", _write("a.csv", "user_id,item_id,value,timestamp\nu,i,4,100\n"))
    empty = _write("b.csv", "user_id,item_id,value,timestamp\nu,i,9,100\n")
    result = run("table", "--interactions", empty, "--replace")
    assert result.exit_code == 2
    assert "No row of b.csv can be used" in result.output
    assert query("SELECT value FROM interactions") == [(4.0,)]
    assert query("SELECT count(*) FROM pg_constraint WHERE conrelid = 'interactions'::regclass AND contype = 'f'") == [
        (2,)
    ]


def test_the_true_tastes_of_rows_that_are_gone_go_too(run: Run, tmp_path: Path) -> None:
    truth = tmp_path / "truth.npz"
    truth.touch()
    assert run("table", "--interactions", _write("empty.csv", "user_id,item_id\n"), "--replace").exit_code == 2
    assert truth.exists()
    assert run("table", "--interactions", _write("events.csv", EVENTS), *FLAGS).exit_code == 0
    assert not truth.exists()


def test_the_next_id_follows_the_loaded_ones_and_constraints_are_back(run: Run, query: Query) -> None:
    before = query("SELECT indexdef FROM pg_indexes WHERE tablename = 'interactions' ORDER BY 1")
    run("table", "--interactions", _write("a.csv", "user_id,item_id,value,timestamp\nu,i,4,100\nv,i,4,100\n"))
    assert query("SELECT nextval('users_user_id_seq'), nextval('items_item_id_seq')") == [(3, 2)]
    assert query("SELECT indexdef FROM pg_indexes WHERE tablename = 'interactions' ORDER BY 1") == before
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        query("INSERT INTO interactions VALUES ('e', 99, 1, 'view', NULL, now()) RETURNING 1")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("table", "--interactions", "nowhere.csv"), "nowhere.csv is not a file: --interactions takes"),
        (("table", "--interactions", "a.csv", "--map", "user_id=who"), "--map user_id=COLUMN"),
        (("table", "--interactions", "a.csv", "--at", "soon"), "--at is not a time"),
        (("table", "--interactions", "a.csv", "--type-map", "x=stare"), "is not WORD=TYPE"),
        (("table", "--interactions", "a.csv", "--delimiter", "::"), "--delimiter takes one character"),
        (("table", "--interactions", "a.csv"), "No row of a.csv can be used"),
        (("movielens", "nowhere"), "nowhere is not a folder"),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_one_sentence(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    _write("a.csv", "user_id,item_id,value,timestamp\n")
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_a_database_that_is_away_is_told_without_its_password(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSTACK_DATABASE_URL", f"postgresql://u:hunter2@127.0.0.1:{free_port()}/d")
    result = run("table", "--interactions", _write("a.csv", "user_id,item_id,value,timestamp\nu,i,4,100\n"))
    assert result.exit_code == 2
    assert "PostgreSQL does not answer" in result.output
    assert "./setup.sh" in result.output
    assert "hunter2" not in result.output


def test_a_database_without_tables_is_told_the_command(run: Run, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    result = run("table", "--interactions", _write("a.csv", "user_id,item_id,value,timestamp\nu,i,4,100\n"))
    assert result.exit_code == 2
    assert "python -m recsys.migrations" in result.output


def test_an_import_brings_no_erased_user_back(run: Run, query: Query, database_url: str, tmp_path: Path) -> None:
    """Neither by the source's id, whose rows are not even written down, nor by ours, which nobody else gets."""
    ann, second = Pseudonyms.of(Settings()).external("ann"), Pseudonyms.of(Settings()).user(2)
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO tombstones (hash) VALUES (%s), (%s)", (ann, second))
    rows = "".join(f"{user},lamp,view,2020-01-01\n" for user in ("ann", "bob", "cid", "ann", "dora"))
    events = _write("events.csv", f"user_id,item_id,type,timestamp\n{rows}")
    people = _write("people.csv", "user_id,age\nbob,30\nann,34\ncid,31\n")
    result = run("table", "--interactions", events, "--users", people)
    assert result.exit_code == 0, result.output
    assert query("SELECT user_id, external_id, age FROM users ORDER BY 1") == [
        (1, "bob", 30),
        (3, "cid", 31),
        (4, "dora", None),
    ]
    assert query("SELECT user_id FROM interactions ORDER BY 1") == [(1,), (3,), (4,)]
    rejected = (tmp_path / "rejects.csv").read_text()
    assert rejected.count("the user asked to be forgotten") == 3
    assert "ann" not in rejected
