from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from native.providers.postgres import PostgresServer
from recsys import migrations
from recsys.errors import DataRefused
from recsys.settings import ROOT

pytestmark = pytest.mark.integration

Write = Callable[[str, str], None]


@pytest.fixture
def empty_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database without any table."""
    postgres_server.ensure_database("migrated_here")
    yield postgres_server.url("migrated_here")
    with postgres_server.admin() as connection:
        connection.execute("DROP DATABASE migrated_here WITH (FORCE)")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(name: str, script: str) -> None:
        (tmp_path / name).write_text(script, encoding="utf-8")

    _write("0001_a.sql", "CREATE TABLE a (n integer); INSERT INTO a VALUES (1);")
    _write("0002_b.sql", "ALTER TABLE a ADD COLUMN label text DEFAULT '100 %';")
    return _write


def _rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def test_what_is_missing_is_applied_once(empty_url: str, write: Write, tmp_path: Path) -> None:
    assert migrations.migrate(empty_url, tmp_path) == ["0001_a.sql", "0002_b.sql"]
    assert migrations.migrate(empty_url, tmp_path) == []
    write("0003_c.sql", "CREATE TABLE c ();")
    assert migrations.migrate(empty_url, tmp_path) == ["0003_c.sql"]
    assert _rows(empty_url, "SELECT * FROM a") == [(1, "100 %")]


def test_many_at_once_apply_each_file_once(empty_url: str, write: Write, tmp_path: Path) -> None:
    write("0003_slow.sql", "INSERT INTO a SELECT 2 FROM pg_sleep(0.2);")
    with ThreadPoolExecutor(8) as threads:
        runs = list(threads.map(lambda _: migrations.migrate(empty_url, tmp_path), range(8)))
    assert sorted(map(len, runs)) == [0, 0, 0, 0, 0, 0, 0, 3]
    assert _rows(empty_url, "SELECT n FROM a ORDER BY n") == [(1,), (2,)]


def test_status_lists_and_changes_nothing(empty_url: str, write: Write, tmp_path: Path) -> None:
    assert [entry.applied_at for entry in migrations.status(empty_url, tmp_path)] == [None, None]
    assert _rows(empty_url, "SELECT to_regclass('schema_migrations')") == [(None,)]
    migrations.migrate(empty_url, tmp_path)
    write("0003_c.sql", "CREATE TABLE c ();")
    applied = [entry.applied_at is not None for entry in migrations.status(empty_url, tmp_path)]
    assert applied == [True, True, False]


@pytest.mark.parametrize("call", [migrations.migrate, migrations.status])
def test_a_changed_file_is_refused(
    empty_url: str, write: Write, tmp_path: Path, call: Callable[[str, Path], object]
) -> None:
    migrations.migrate(empty_url, tmp_path)
    write("0001_a.sql", "CREATE TABLE a (n bigint);")
    with pytest.raises(DataRefused, match=r"0001_a\.sql was changed after it was applied"):
        call(empty_url, tmp_path)


def test_a_missing_file_is_refused(empty_url: str, write: Write, tmp_path: Path) -> None:
    migrations.migrate(empty_url, tmp_path)
    (tmp_path / "0002_b.sql").unlink()
    with pytest.raises(DataRefused, match=r"0002_b\.sql was applied to this database, but its file is missing"):
        migrations.migrate(empty_url, tmp_path)


def test_a_file_that_fails_leaves_nothing_and_keeps_the_ones_before(
    empty_url: str, write: Write, tmp_path: Path
) -> None:
    write("0003_c.sql", "CREATE TABLE c ();\nSELECT 1 / 0;")
    with pytest.raises(DataRefused, match=r"0003_c\.sql failed: division by zero"):
        migrations.migrate(empty_url, tmp_path)
    assert _rows(empty_url, "SELECT to_regclass('c')") == [(None,)]
    assert [entry.applied_at is None for entry in migrations.status(empty_url, tmp_path)] == [False, False, True]


def test_a_file_that_commits_by_itself_is_refused(empty_url: str, write: Write, tmp_path: Path) -> None:
    write("0003_c.sql", "CREATE TABLE c ();\nCOMMIT;")
    with pytest.raises(DataRefused, match=r"0003_c\.sql ends its own transaction"):
        migrations.migrate(empty_url, tmp_path)


def test_a_lock_that_is_never_let_go_ends_the_wait(
    empty_url: str, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_SECONDS", 1)
    with psycopg.connect(empty_url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (migrations.LOCK_KEY,))
        started = time.monotonic()
        with pytest.raises(DataRefused, match="Another migration has been running"):
            migrations.migrate(empty_url, tmp_path)
    assert 0.9 < time.monotonic() - started < 10


def test_the_command_applies_and_lists(empty_url: str) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "recsys.migrations", *arguments],
            env={"PYTHONPATH": "services", "RECSTACK_DATABASE_URL": empty_url},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert run("status").returncode == migrations.PENDING_EXIT_CODE
    first = run()
    assert (first.returncode, first.stderr) == (0, "")
    assert "0001_initial_schema.sql" in first.stdout
    assert "current" in run().stdout
    assert run("status").returncode == 0
    assert run("sideways").returncode == 2


def test_the_command_refuses_with_a_sentence_and_code_2(empty_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    migrations.migrate(empty_url)
    with psycopg.connect(empty_url) as connection:
        connection.execute("UPDATE schema_migrations SET sha256 = 'other' WHERE name = '0001_initial_schema.sql'")
    for command in ("migrate", "status"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RECSTACK_DATABASE_URL", empty_url)
            assert migrations.main([command]) == 2
        said = capsys.readouterr().err
        assert "was changed after it was applied" in said
        assert said.count("\n") == 1
