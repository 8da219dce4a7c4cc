"""MovieLens as it is published, where RECSTACK_TEST_DATA names a folder that has it."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from data_generator.importers.cli import app

pytestmark = pytest.mark.integration


def _folder(name: str) -> Path:
    root = os.environ.get("RECSTACK_TEST_DATA")
    if not root:
        pytest.skip("RECSTACK_TEST_DATA is not set: the public research sets are not here")
    folder = Path(root) / name
    if not folder.is_dir():
        pytest.skip(f"RECSTACK_TEST_DATA has no folder {name}")
    return folder


@pytest.mark.parametrize(
    ("name", "expected"), [("ml-100k", (943, 1_682, 100_000)), ("ml-latest-small", (671, 9_066, 100_004))]
)
def test_movielens_is_loaded_whole(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, expected: tuple[int, int, int]
) -> None:
    monkeypatch.setenv("RECSTACK_DATABASE_URL", database_url)
    monkeypatch.setenv("RECSTACK_STATE_DIR", str(tmp_path))
    rejects = tmp_path / "rejects.csv"
    result = CliRunner().invoke(app, ["movielens", str(_folder(name)), "--rejects", str(rejects)])
    assert result.exit_code == 0, result.output
    assert not rejects.exists()
    with psycopg.connect(database_url) as connection:
        counts = connection.execute(
            "SELECT (SELECT count(*) FROM users), count(DISTINCT item_id), count(*), min(value), max(value) "
            "FROM interactions"
        ).fetchone()
        gaps = connection.execute(
            "SELECT max(user_id) - (SELECT count(*) FROM users), (SELECT max(item_id) - count(*) FROM items) FROM users"
        ).fetchone()
        shares = connection.execute(
            "SELECT avg((category_id IS NOT NULL)::int), avg((published_at < '2017-01-01')::int), count(*) FROM items"
        ).fetchone()
    assert counts is not None
    assert counts[:3] == expected
    assert 0.5 <= counts[3] <= 1
    assert counts[4] == 5
    assert gaps == (0, 0)
    assert shares is not None
    assert shares[0] > 0.98
    assert shares[1] > 0.99
    assert shares[2] >= expected[1]


def test_two_loads_give_the_same_rows(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = _folder("ml-100k")
    monkeypatch.setenv("RECSTACK_DATABASE_URL", database_url)
    monkeypatch.setenv("RECSTACK_STATE_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    digests = []
    for _ in range(2):
        assert CliRunner().invoke(app, ["movielens", str(folder), "--replace"]).exit_code == 0
        with psycopg.connect(database_url) as connection:
            digests.append(
                connection.execute(
                    "SELECT (SELECT md5(string_agg(u::text, ',' ORDER BY user_id)) FROM users u), "
                    "md5(string_agg((event_id, user_id, item_id, value, occurred_at)::text, ',' ORDER BY event_id)) "
                    "FROM interactions"
                ).fetchone()
            )
    assert digests[0] == digests[1]
