"""`python -m model_trainer` as a process, as people and the supervisor run it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psycopg
import pytest

from data_generator.plan import Plan as World
from model_trainer.lock import training_lock
from native.places import ROOT
from recsys.adapters.mlflow_tracking import MlflowTracking
from recsys.manifest import read_manifest
from recsys.release import list_releases
from recsys.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
def environment(settings: Settings, free_tcp_port: int) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'services'}",
        "RECSTACK_DATABASE_URL": settings.database_url,
        "RECSTACK_MLFLOW_URL": settings.mlflow_url,
        "RECSTACK_STATE_DIR": str(settings.state_dir),
        "TRAINER_METRICS_PORT": str(free_tcp_port),
    }


def _run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error::RuntimeWarning", "-m", "model_trainer", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=170, check=False)


def test_train_prints_steps_on_stderr_and_the_verdict_on_stdout(
    environment: dict[str, str], settings: Settings, seeded: World
) -> None:
    done = _run(environment, "train")
    assert done.returncode == 0, done.stderr
    (version,) = list_releases(settings.releases)
    assert "The hybrid's NDCG@10 is" in done.stdout
    assert "95 % interval" in done.stdout
    assert f"Release {version} is live" in done.stdout
    assert "✓ Fit on everything" in done.stderr
    assert "✓ Make it live" in done.stderr
    assert max(len(line) for line in done.stdout.partition("The hybrid's")[0].splitlines()) <= 80


def test_an_empty_database_exits_with_2(environment: dict[str, str]) -> None:
    done = _run(environment, "train")
    assert done.returncode == 2
    assert "run `python -m data_generator seed`" in done.stderr
    assert "Traceback" not in done.stderr


def test_another_training_exits_with_3(environment: dict[str, str], settings: Settings) -> None:
    with training_lock(settings.database_url):
        done = _run(environment, "train")
    assert done.returncode == 3
    assert "Another training" in done.stderr


def test_a_server_that_is_away_exits_with_1(environment: dict[str, str], free_tcp_port: int) -> None:
    away = environment | {
        "RECSTACK_MLFLOW_URL": f"http://127.0.0.1:{free_tcp_port}",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    }
    done = _run(away, "train")
    assert done.returncode == 1
    assert "it does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written_is_said(environment: dict[str, str], settings: Settings) -> None:
    settings.releases.write_text("a file where the folder should be")
    done = _run(environment, "train")
    assert done.returncode == 1
    assert "Nothing was published" in done.stderr
    assert "Read the snapshot" not in done.stderr
    assert "Traceback" not in done.stderr


def test_termination_in_the_middle_leaves_nothing_and_lets_go_of_the_lock(
    environment: dict[str, str], settings: Settings, tracking: MlflowTracking, seeded: World
) -> None:
    command = [sys.executable, "-m", "model_trainer", "train"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "Fit on everything" in line:
            break
    process.send_signal(signal.SIGTERM)
    rest = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 128 + signal.SIGINT
    assert "what is live stays live" in rest
    assert not settings.releases.exists() or list(settings.releases.iterdir()) == []
    assert tracking.champion() is None
    with training_lock(settings.database_url):
        pass


def test_the_schedule_trains_at_once_where_nothing_is_live_and_again_on_news(
    environment: dict[str, str], settings: Settings, tracking: MlflowTracking, seeded: World, tmp_path: Path
) -> None:
    log = tmp_path / "schedule.log"
    command = [sys.executable, "-m", "model_trainer", "schedule", "--every", "1s"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        _until(lambda: "outcome=nothing_new" in log.read_text(), log)
        first = tracking.champion()
        assert first is not None
        with psycopg.connect(settings.database_url) as connection:
            connection.execute(
                "INSERT INTO interactions (event_id, user_id, item_id, type, occurred_at)"
                " VALUES ('news', 1, 1, 'view', now())"
            )
        _until(lambda: tracking.champion() != first, log)
        second = tracking.champion() or ""
        taken = [read_manifest(settings.releases, version).snapshot["events"] for version in (first, second)]
        assert taken == [seeded.interactions, seeded.interactions + 1]
        metrics = _metrics(environment["TRAINER_METRICS_PORT"])
        assert 'recstack_trainings_total{outcome="published"}' in metrics
        assert 'recstack_trainings_total{outcome="nothing_new"}' in metrics
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGINT


def test_the_schedule_survives_a_failed_training_and_says_why(
    environment: dict[str, str], settings: Settings, tmp_path: Path
) -> None:
    log = tmp_path / "schedule.log"
    command = [sys.executable, "-m", "model_trainer", "schedule", "--every", "1s"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        _until(lambda: log.read_text().count("outcome=refused") >= 2, log)
        assert "There are no items to learn from" in log.read_text()
        assert 'recstack_trainings_total{outcome="refused"}' in _metrics(environment["TRAINER_METRICS_PORT"])
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGINT


def _metrics(port: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


def _until(holds: object, log: Path, patience: float = 90) -> None:
    assert callable(holds)
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
