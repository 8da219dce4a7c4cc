"""Versions of rules stay as they were written, and none that makes no sense is written."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

pytestmark = pytest.mark.integration

WHOLE = {
    "rule_id": "1",
    "version": "1",
    "changed_at": "now()",
    "name": "'Sale'",
    "action": "'boost'",
    "target": """'{"tags": ["old"]}'""",
    "algorithms": "'{}'",
    "factor": "2.0",
    "position": "NULL",
    "starts_at": "NULL",
    "ends_at": "NULL",
    "ended": "false",
}


def _version(**changed: str) -> bytes:
    values = {**WHOLE, **changed}
    return f"INSERT INTO rule_versions ({', '.join(values)}) VALUES ({', '.join(values.values())})".encode()  # noqa: S608


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO rules (rule_id, version, ended) OVERRIDING SYSTEM VALUE VALUES (1, 1, false)")
        connection.execute(_version())
        yield connection
        connection.rollback()


@pytest.mark.parametrize(
    "statement",
    [b"DELETE FROM rule_versions", b"UPDATE rule_versions SET factor = 3", b"TRUNCATE rule_versions"],
)
def test_versions_are_append_only(connection: psycopg.Connection, statement: bytes) -> None:
    with pytest.raises(psycopg.Error, match="append-only"):
        connection.execute(statement)


@pytest.mark.parametrize(
    "changed",
    [
        {"rule_id": "2"},
        {"name": "''"},
        {"action": "'promote'"},
        {"target": "'{}'"},
        {"factor": "NULL"},
        {"factor": "0"},
        {"factor": "'NaN'"},
        {"position": "1"},
        {"action": "'pin'", "factor": "NULL"},
        {"action": "'block'"},
        {"starts_at": "now()", "ends_at": "now()"},
        {"starts_at": "'-infinity'"},
    ],
    ids=str,
)
def test_a_version_that_makes_no_sense_is_refused(connection: psycopg.Connection, changed: dict[str, str]) -> None:
    with pytest.raises(psycopg.IntegrityError) as caught:
        connection.execute(_version(version="2", **changed))
    assert not isinstance(caught.value, psycopg.errors.UniqueViolation)
