"""Jobs that end leave a row, whatever came of them."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from native.places import ROOT
from native.providers.postgres import PostgresServer
from recsys.adapters import job_runs
from recsys.adapters.job_runs import Job, Run, last_runs, recorded
from recsys.errors import DataRefused
from recsys.testing.clock import ManualClock
from recsys.testing.worlds import END

pytestmark = pytest.mark.integration

MIGRATIONS = sorted(path.name for path in (ROOT / "sql" / "migrations").glob("*.sql"))


def _runs(url: str, *, succeeded: bool = False) -> dict[Job, Run]:
    with psycopg.connect(url) as connection:
        return last_runs(connection, succeeded=succeeded)


def _count(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM job_runs").fetchone()
    return int(row[0]) if row else 0


def test_a_run_is_recorded_with_its_times_and_what_it_says_of_itself(database_url: str) -> None:
    clock = ManualClock(END)
    with recorded(database_url, Job.MIGRATE, clock=clock) as details:
        clock.advance(2.5)
        details["applied"] = ["0001_a.sql"]
    run = _runs(database_url)[Job.MIGRATE]
    assert run == Run(Job.MIGRATE, END, END + timedelta(seconds=2.5), True, {"applied": ["0001_a.sql"]})
    assert run.seconds == 2.5


def test_a_failure_is_recorded_goes_on_and_hides_no_earlier_success(database_url: str) -> None:
    with recorded(database_url, Job.DATA_GENERATOR):
        pass
    with pytest.raises(DataRefused, match="no"), recorded(database_url, Job.DATA_GENERATOR):
        raise DataRefused("no")
    last, good = _runs(database_url), _runs(database_url, succeeded=True)
    assert (last[Job.DATA_GENERATOR].succeeded, last[Job.DATA_GENERATOR].details) == (False, {"error": "DataRefused"})
    assert good[Job.DATA_GENERATOR].succeeded
    assert _count(database_url) == 2


def test_an_interruption_is_a_failure(database_url: str) -> None:
    with pytest.raises(KeyboardInterrupt), recorded(database_url, Job.MODEL_TRAINER):
        raise KeyboardInterrupt
    assert _runs(database_url)[Job.MODEL_TRAINER].details == {"error": "KeyboardInterrupt"}


def test_nothing_to_do_leaves_no_row(database_url: str) -> None:
    with pytest.raises(DataRefused), recorded(database_url, Job.DATA_GENERATOR, unless=(DataRefused,)):
        raise DataRefused("there is data")
    assert _count(database_url) == 0


def test_the_newest_runs_of_each_job_stay(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_runs, "KEPT_RUNS", 3)
    with recorded(database_url, Job.MIGRATE) as details:
        details["number"] = -1
    for number in range(5):
        with recorded(database_url, Job.DATA_GENERATOR) as details:
            details["number"] = number
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT details ->> 'number' FROM job_runs ORDER BY run_id").fetchall()
    assert [row[0] for row in rows] == ["-1", "2", "3", "4"]


def test_a_job_ends_well_though_its_run_cannot_be_recorded(
    free_tcp_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with recorded(f"postgresql://nobody@127.0.0.1:{free_tcp_port}/none", Job.MIGRATE):
        pass
    assert "not recorded" in capsys.readouterr().out


def test_the_migrations_record_themselves(postgres_server: PostgresServer) -> None:
    postgres_server.ensure_database("recorded_here")
    url = postgres_server.url("recorded_here")
    try:
        _run(url, ROOT, "recsys.migrations")
        assert _runs(url)[Job.MIGRATE].details["applied"] == MIGRATIONS
        _run(url, ROOT, "recsys.migrations")
        assert _runs(url)[Job.MIGRATE].details["applied"] == []
    finally:
        with postgres_server.admin() as connection:
            connection.execute("DROP DATABASE recorded_here WITH (FORCE)")


def test_a_load_records_itself_unless_there_is_data(database_url: str, tmp_path: Path) -> None:
    seed = ("data_generator", "seed", "--users", "100", "--items", "300", "--interactions", "2000")
    assert _run(database_url, tmp_path, *seed) == 0
    assert _runs(database_url)[Job.DATA_GENERATOR].succeeded
    assert _run(database_url, tmp_path, *seed) == 2
    assert _run(database_url, tmp_path, *seed, "--if-empty") == 0
    assert _count(database_url) == 1
    table = tmp_path / "events.csv"
    table.write_text("user_id,item_id\n")
    imported = ("data_generator", "import", "table", "--interactions", str(table), "--type", "view")
    assert _run(database_url, tmp_path, *imported, "--at", "2026-01-01", "--replace") == 2
    assert not _runs(database_url)[Job.DATA_GENERATOR].succeeded


def _run(url: str, state: Path, module: str, *arguments: str) -> int:
    environment = {"PYTHONPATH": str(ROOT / "services"), "RECSTACK_DATABASE_URL": url, "RECSTACK_STATE_DIR": str(state)}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, cwd=state, check=False, timeout=120).returncode
