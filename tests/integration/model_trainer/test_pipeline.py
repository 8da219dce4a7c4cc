from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import psycopg
import pytest
from rich.console import Console

from data_generator.plan import Plan as World
from data_generator.seed.load import seed
from model_trainer.groups import read_groups
from model_trainer.lock import training_lock
from model_trainer.pipeline import Training
from model_trainer.plan import Plan
from model_trainer.steps import Steps
from recsys.adapters.clock import SystemClock
from recsys.adapters.job_runs import Job, recorded
from recsys.adapters.mlflow_tracking import MlflowTracking
from recsys.algorithms.registry import create
from recsys.demographics import Groups
from recsys.domain import Algorithm
from recsys.errors import Conflict, DataRefused, Unavailable
from recsys.manifest import read_manifest
from recsys.release import list_releases, load_release, read_report, verify_release
from recsys.settings import Settings

pytestmark = pytest.mark.integration

EVERY_RELEASE = {
    Algorithm.POPULARITY,
    Algorithm.USER_BASED,
    Algorithm.ITEM_BASED,
    Algorithm.ALS,
    Algorithm.SVD,
    Algorithm.CONTENT_BASED,
    Algorithm.HYBRID,
}


def _printed(training: Training) -> str:
    assert isinstance(training.steps.console.file, io.StringIO)
    return training.steps.console.file.getvalue()


def test_a_training_publishes_a_release_that_beats_popularity(
    training: Training, settings: Settings, tracking: MlflowTracking, seeded: World
) -> None:
    trained = training.train()
    assert trained.verdict is not None
    assert trained.verdict.n_users >= 100
    assert trained.verdict.versus_popularity.estimate > 2
    assert trained.verdict.versus_popularity.low > 1
    assert sum(trained.weights.values()) == pytest.approx(1, abs=1e-3)
    assert tracking.champion() == trained.version
    release = load_release(settings.releases, trained.version)
    assert set(release.models) == EVERY_RELEASE
    assert release.user_ids.tolist() == list(range(1, seeded.users + 1))
    assert release.item_ids.tolist() == list(range(1, seeded.items + 1))
    assert release.snapshot["events"] == seeded.interactions
    assert release.metrics["hybrid"] == trained.verdict.metrics["hybrid"]
    assert release.models[Algorithm.HYBRID].config.weights == trained.weights
    assert trained.peak_memory_mb > 50
    steps = [step.name for step in training.steps.done]
    assert steps[0] == "Reach MLflow"
    assert steps[-2:] == ["Make it live", "Prune old releases"]


def test_the_release_is_fitted_on_everything(training: Training, settings: Settings, seeded: World) -> None:
    trained = training.train()
    release = load_release(settings.releases, trained.version)
    with psycopg.connect(settings.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM (SELECT DISTINCT user_id, item_id FROM interactions) p")
        pairs = row.fetchone()
    assert (release.histories.weights.nnz,) == pairs


def test_the_next_training_takes_over_and_the_one_before_stays(
    training: Training, settings: Settings, tracking: MlflowTracking, seeded: World
) -> None:
    first, second = training.train().version, training.train().version
    assert first < second
    assert tracking.champion() == second
    assert list_releases(settings.releases) == [first, second]
    verify_release(settings.releases, first)
    pages = [read_report(settings.releases, version).decode() for version in (first, second)]
    assert "There is no earlier release of the same data" in pages[0]
    assert f"the choices of {first} come to NDCG@10" in pages[1]


def test_a_release_holds_what_was_asked_for_beside(training: Training, settings: Settings, seeded: World) -> None:
    trained = replace(training, extra=(Algorithm.EASE,)).train()
    assert set(load_release(settings.releases, trained.version).models) == {*EVERY_RELEASE, Algorithm.EASE}
    assert trained.verdict is not None
    assert trained.verdict.metrics["ease"]["ndcg@10"] > trained.verdict.metrics["random"]["ndcg@10"]


def test_a_budget_finds_settings_and_the_next_training_begins_with_them(
    training: Training, settings: Settings, seeded: World
) -> None:
    searched = replace(training, plan=Plan(budget=4.0)).train()
    found = read_manifest(settings.releases, searched.version).algorithms
    defaults = {name: create(name).settings for name in EVERY_RELEASE if name is not Algorithm.HYBRID}
    changed = {name for name, plain in defaults.items() if dict(found[name].settings) != plain}
    assert changed
    later = read_manifest(settings.releases, training.train().version).algorithms
    assert {name: later[name].settings for name in defaults} == {name: found[name].settings for name in defaults}


def test_groups_that_are_left_behind_may_count_more(
    training: Training, settings: Settings, seeded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def counted(url: str, user_ids: Sequence[int]) -> Groups:
        asked.append(len(user_ids))
        return read_groups(url, user_ids)

    monkeypatch.setattr("model_trainer.pipeline.read_groups", counted)
    plain = training.train()
    assert plain.verdict is not None
    assert asked == [plain.verdict.n_users]
    fair = replace(training, settings=settings.model_copy(update={"reweight_groups": True})).train()
    assert len(asked) == 3
    assert sum(fair.weights.values()) == pytest.approx(1, abs=1e-3)


def test_another_world_that_was_loaded_on_purpose_is_not_compared_with_the_one_before(
    training: Training, settings: Settings, tracking: MlflowTracking, seeded: World, tmp_path: Path
) -> None:
    training.train()
    fewer = World(users=300, items=500, interactions=6_000, seed=3)
    with recorded(settings.database_url, Job.DATA_GENERATOR):
        seed(fewer, database_url=settings.database_url, state_dir=tmp_path, replace=True, report=lambda *_: None)
    trained = training.train()
    assert tracking.champion() == trained.version
    assert load_release(settings.releases, trained.version).snapshot["events"] == fewer.interactions


@pytest.mark.parametrize("events", [1, 2, 7])
def test_too_few_events_for_a_split_are_trained_on_without_a_verdict(
    training: Training, settings: Settings, tracking: MlflowTracking, events: int
) -> None:
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("INSERT INTO users (user_id) VALUES (1), (2)")
        connection.execute("INSERT INTO items (item_id, title) VALUES (1, 'One'), (2, 'Two'), (3, 'Three')")
        connection.execute(
            """INSERT INTO interactions (event_id, user_id, item_id, type, occurred_at)
            SELECT 'e' || n, 1 + n % 2, 1 + n % 3, 'view', '2026-01-01'::timestamptz + n * interval '1 hour'
            FROM generate_series(1, %s::int) n""".replace("n % ", "n %% "),
            (events,),
        )
    trained = training.train()
    assert trained.verdict is None
    assert tracking.champion() == trained.version
    assert load_release(settings.releases, trained.version).metrics["hybrid"] == {}


def test_a_world_in_which_popularity_hits_nothing_is_published(
    training: Training, settings: Settings, tracking: MlflowTracking, database_url: str, tmp_path: Path
) -> None:
    world = World(users=60, items=400, interactions=1_500)
    seed(world, database_url=database_url, state_dir=tmp_path, replace=False, report=lambda *_: None)
    trained = training.train()
    assert trained.verdict is not None
    assert trained.verdict.versus_popularity.high == np.inf
    release = load_release(settings.releases, trained.version)
    assert release.snapshot["ndcg_10_over_popularity"]["high"] is None


def test_an_empty_database_is_refused_with_what_to_do(training: Training, settings: Settings) -> None:
    with pytest.raises(DataRefused, match="data_generator seed"):
        training.train()
    assert "✗ Read the snapshot" in _printed(training)
    assert list_releases(settings.releases) == []


def test_a_training_beside_another_is_refused_before_it_reads(training: Training, settings: Settings) -> None:
    with training_lock(settings.database_url), pytest.raises(Conflict, match="Another training"):
        training.train()
    assert training.steps.done == []


def test_mlflow_away_is_said_before_anything_is_read(
    database_url: str, tmp_path: Path, free_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings = Settings.model_validate(
        {
            "RECSTACK_DATABASE_URL": database_url,
            "RECSTACK_MLFLOW_URL": f"http://127.0.0.1:{free_tcp_port}",
            "RECSTACK_STATE_DIR": tmp_path,
        }
    )
    training = Training(settings, Steps(Console(file=io.StringIO())), SystemClock(), plan=Plan())
    with pytest.raises(Unavailable, match=r"MLflow at .*: it does not answer"):
        training.train()
    assert training.steps.done == []


def test_events_that_arrive_during_a_training_are_not_lost_and_do_not_disturb(
    training: Training, settings: Settings, seeded: World
) -> None:
    stop = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        with psycopg.connect(settings.database_url, autocommit=True) as connection:
            while not stop.is_set():
                written += 1
                connection.execute(
                    "INSERT INTO interactions (event_id, user_id, item_id, type, occurred_at)"
                    " VALUES (%s, 1, 1, 'view', now())",
                    (f"late-{written}",),
                )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        trained = training.train()
    finally:
        stop.set()
        writer.join()
    taken = load_release(settings.releases, trained.version).snapshot["events"]
    assert seeded.interactions <= taken < seeded.interactions + written
