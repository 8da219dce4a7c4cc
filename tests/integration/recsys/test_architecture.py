"""`docs/architecture.md` draws the schema as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Inspector, create_engine, inspect

from recsys.settings import ROOT

pytestmark = pytest.mark.integration

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
DIAGRAM = PAGE.split("erDiagram")[1].split("```")[0]
SQL_NAMES = {
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "smallint": "SMALLINT",
    "real": "REAL",
    "double": "DOUBLE PRECISION",
    "numeric": "NUMERIC(12, 2)",
    "boolean": "BOOLEAN",
    "text": "TEXT",
    "uuid": "UUID",
    "bytea": "BYTEA",
    "jsonb": "JSONB",
    "tsvector": "TSVECTOR",
    "timestamptz": "TIMESTAMP",
    "text_array": "ARRAY",
    "bigint_array": "ARRAY",
    "real_array": "ARRAY",
    "gender": "VARCHAR(11)",
    "event_type": "VARCHAR(8)",
}


@pytest.fixture
def live(database_url: str) -> Iterator[Inspector]:
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    yield inspect(engine)
    engine.dispose()


def _drawn_columns() -> dict[str, list[tuple[str, str, set[str]]]]:
    """Type, name and keys of each column, by table."""
    tables = {}
    for table, body in re.findall(r"(\w+) \{\n(.*?)\n\s*\}", DIAGRAM, re.DOTALL):
        rows = [re.fullmatch(r"\s*(\w+) (\w+) ?([PFK, ]*)", line) for line in body.splitlines()]
        tables[table] = [(row[1], row[2], set(re.findall(r"PK|FK", row[3]))) for row in rows if row]
    return tables


def test_every_table_and_column_is_drawn_in_its_order(live: Inspector) -> None:
    drawn = {table: [name for _, name, _ in columns] for table, columns in _drawn_columns().items()}
    assert drawn == {table: [column["name"] for column in live.get_columns(table)] for table in live.get_table_names()}


def test_types_are_drawn_as_they_are(live: Inspector) -> None:
    for table, columns in _drawn_columns().items():
        found = {column["name"]: str(column["type"]) for column in live.get_columns(table)}
        assert found == {name: SQL_NAMES[kind] for kind, name, _ in columns}, table


def test_keys_are_drawn_as_they_are(live: Inspector) -> None:
    for table, columns in _drawn_columns().items():
        primary = live.get_pk_constraint(table)["constrained_columns"]
        foreign = [name for key in live.get_foreign_keys(table) for name in key["constrained_columns"]]
        assert [name for _, name, keys in columns if "PK" in keys] == primary, table
        assert sorted(name for _, name, keys in columns if "FK" in keys) == sorted(foreign), table


def test_every_foreign_key_is_a_line(live: Inspector) -> None:
    lines = re.findall(r"(\w+) (\|[|o])--o\{ (\w+) :", DIAGRAM)
    found = []
    for table in live.get_table_names():
        optional = {column["name"] for column in live.get_columns(table) if column["nullable"]}
        for key in live.get_foreign_keys(table):
            end = "|o" if optional & set(key["constrained_columns"]) else "||"
            found.append((key["referred_table"], end, table))
    assert sorted(lines) == sorted(found)


def test_every_folder_that_is_named_exists_and_every_package_is_named() -> None:
    named = set(re.findall(r"`([\w/]+/)`", PAGE.split("## The house")[1]))
    assert {folder for folder in named if not (ROOT / folder).is_dir()} <= {"serving/"}
    packages = {f"services/{path.parent.name}/" for path in (ROOT / "services").glob("*/__init__.py")}
    assert packages <= named
