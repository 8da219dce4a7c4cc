"""`tables.py` says what the migrations made, column by column, and `docs/architecture.md` draws it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Inspector, Table, create_engine, inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import Enum

from recsys.adapters.tables import metadata
from recsys.domain import EventType, Gender

pytestmark = pytest.mark.integration

RUNNERS_OWN = {"schema_migrations"}


@pytest.fixture
def live(database_url: str) -> Iterator[Inspector]:
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    yield inspect(engine)
    engine.dispose()


def _type(kind: Any) -> str:
    return str(kind.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


def _described(column: Column[Any]) -> tuple[str, bool]:
    return _type(column.type), bool(column.nullable)


def test_the_same_tables(live: Inspector) -> None:
    assert set(live.get_table_names()) - RUNNERS_OWN == set(metadata.tables)


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_the_same_columns_types_and_keys(live: Inspector, table: Table) -> None:
    found = {column["name"]: (_type(column["type"]), column["nullable"]) for column in live.get_columns(table.name)}
    assert found == {column.name: _described(column) for column in table.columns}
    key = live.get_pk_constraint(table.name)["constrained_columns"]
    assert key == [column.name for column in table.primary_key]


def test_enumerations_have_the_order_of_the_domain(live: Inspector) -> None:
    order = {
        (table, column["name"]): list(column["type"].enums)
        for table in ("interactions", "users")
        for column in live.get_columns(table)
        if isinstance(column["type"], Enum)
    }
    assert order == {
        ("interactions", "type"): [event.value for event in EventType],
        ("users", "gender"): [gender.value for gender in Gender],
    }
