from __future__ import annotations

import io
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import psycopg
import pytest
from rich.console import Console

from data_generator.plan import Plan as World
from data_generator.seed.load import seed
from model_trainer.exits import ReleaseRefused
from model_trainer.lock import training_lock
from model_trainer.pipeline import Training
from model_trainer.plan import Plan
from model_trainer.steps import Steps
from recsys.adapters.clock import SystemClock
from recsys.adapters.job_runs import Job, recorded
from recsys.adapters.mlflow_tracking import MlflowTracking
from recsys.domain import Algorithm
from recsys.errors import Conflict, DataRefused, Unavailable
from recsys.release import list_releases, load_release, verify_release
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


def test_a_release_holds_what_was_asked_for_beside(training: Training, settings: Settings, seeded: World) -> None:
    trained = replace(training, extra=(Algorithm.EASE,)).train()
    assert set(load_release(settings.releases, trained.version).models) == {*EVERY_RELEASE, Algorithm.EASE}
    assert trained.verdict is not None
    assert trained.verdict.metrics["ease"]["ndcg@10"] > trained.verdict.metrics["random"]["ndcg@10"]


def test_what_nobody_can_foresee_is_not_published(
    training: Training, settings: Settings, tracking: MlflowTracking
) -> None:
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("SELECT setseed(0.3)")
        connection.execute("INSERT INTO users (user_id) SELECT generate_series(1, 300)")
        connection.execute("INSERT INTO items (item_id, title) SELECT n, 'Thing ' || n FROM generate_series(1, 400) n")
        connection.execute(
            """INSERT INTO interactions (event_id, user_id, item_id, type, occurred_at)
            SELECT 'e' || n, 1 + floor(random() * 300), 1 + floor(random() * 400), 'click',
                '2026-01-01'::timestamptz + n * interval '1 hour'
            FROM generate_series(1, 6000) n"""
        )
    with pytest.raises(ReleaseRefused, match="no better than random"):
        training.train()
    assert tracking.champion() is None
    assert list_releases(settings.releases) == []


def _decided(settings: Settings) -> list[tuple[str | None, str | None, str, list[str]]]:
    """Version, champion, outcome and reasons of each decision."""
    with psycopg.connect(settings.database_url) as connection:
        rows = connection.execute(
            "SELECT version, champion, outcome, reasons FROM release_decisions ORDER BY decision_id"
        ).fetchall()
    return [(version, champion, outcome, [each["reason"] for each in why]) for version, champion, outcome, why in rows]


def _tags(tracking: MlflowTracking) -> list[dict[str, str]]:
    """Of each run that holds a decision, the oldest first."""
    runs = tracking.client.search_runs(
        [tracking.experiment()], "tags.`gate.outcome` != ''", order_by=["start_time ASC"]
    )
    for run in runs:
        files = tracking.client.list_artifacts(run.info.run_id)
        assert "decision.json" in [file.path for file in files]
    return [{name: value for name, value in run.data.tags.items() if name.startswith("gate.")} for run in runs]


def test_what_was_trained_on_labels_gone_astray_is_refused(
    training: Training, settings: Settings, tracking: MlflowTracking, seeded: World
) -> None:
    """Every event gets the item of another one: as many events, as popular items, and no taste left in them."""
    live = training.train()
    assert live.verdict is not None
    assert live.verdict.versus_popularity.low > 1
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("SELECT setseed(0.5)")
        connection.execute(
            """WITH given AS (SELECT event_id, row_number() OVER (ORDER BY event_id) n FROM interactions),
                taken AS (SELECT item_id, row_number() OVER (ORDER BY random()) n FROM interactions)
            UPDATE interactions SET item_id = taken.item_id FROM given JOIN taken USING (n)
            WHERE interactions.event_id = given.event_id"""
        )
    with pytest.raises(ReleaseRefused, match="no longer beats popularity"):
        training.train()
    assert tracking.champion() == live.version
    assert list_releases(settings.releases) == [live.version]
    assert _decided(settings) == [
        (live.version, None, "accepted", []),
        (None, live.version, "refused", ["no_better_than_popularity"]),
    ]
    accepted, refused = _tags(tracking)
    assert accepted == {"gate.outcome": "accepted", "gate.champion": "none"}
    assert refused.keys() == {"gate.outcome", "gate.champion", "gate.reason.no_better_than_popularity"}
    assert refused["gate.champion"] == live.version


def test_what_is_worse_than_the_live_release_is_refused(
    training: Training, settings: Settings, tracking: MlflowTracking, seeded: World
) -> None:
    """The live release blends well; this training is kept from choosing and asks SVD alone."""
    live = training.train()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model_trainer.pipeline.choose_blend", lambda *_: {"svd": 1.0})
        with pytest.raises(ReleaseRefused, match=f"worse than that of the live release {live.version}"):
            training.train()
    assert tracking.champion() == live.version
    (_, refused) = _decided(settings)
    assert refused[:3] == (None, live.version, "refused")
    assert "worse_than_champion" in refused[3]


def test_data_that_lost_more_than_half_is_refused_before_anything_is_fitted(
    training: Training, settings: Settings, tracking: MlflowTracking, seeded: World
) -> None:
    live = training.train().version
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("DELETE FROM interactions WHERE hashtext(event_id) % 3 <> 0")
    training.steps.done.clear()
    with pytest.raises(ReleaseRefused, match="a drop of more than 50%"):
        training.train()
    assert [step.name for step in training.steps.done] == [
        "Reach MLflow",
        "Read the snapshot",
        "Check the data",
        "Record the refusal",
    ]
    assert tracking.champion() == live
    assert _decided(settings)[-1] == (None, live, "refused", ["volume"])


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
