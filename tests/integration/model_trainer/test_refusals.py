"""What is refused stays unpublished, what is live stays live, and why is written down."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from data_generator.plan import Plan as World
from data_generator.seed.load import seed
from model_trainer.exits import ReleaseRefused
from model_trainer.pipeline import Training
from recsys.adapters.mlflow_tracking import MlflowTracking
from recsys.algorithms.hybrid import HybridConfig
from recsys.release import list_releases
from recsys.settings import GateSettings, Settings

pytestmark = pytest.mark.integration

SVD_ALONE = HybridConfig({"svd": 1.0})


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
        assert {"decision.json", "report.html"} <= {file.path for file in files}
    return [{name: value for name, value in run.data.tags.items() if name.startswith("gate.")} for run in runs]


def lead_astray(settings: Settings) -> None:
    """Every event gets the item of another one: as many events, as popular items, and no taste left in them."""
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("SELECT setseed(0.5)")
        connection.execute(
            """WITH given AS (SELECT event_id, row_number() OVER (ORDER BY event_id) n FROM interactions),
                taken AS (SELECT item_id, row_number() OVER (ORDER BY random()) n FROM interactions)
            UPDATE interactions SET item_id = taken.item_id FROM given JOIN taken USING (n)
            WHERE interactions.event_id = given.event_id"""
        )


def test_the_first_release_too_is_refused_where_labels_went_astray(
    training: Training, settings: Settings, tracking: MlflowTracking, seeded: World
) -> None:
    lead_astray(settings)
    with pytest.raises(ReleaseRefused, match="tells no more than a stranger's"):
        training.train()
    assert tracking.champion() is None
    assert list_releases(settings.releases) == []
    assert _decided(settings) == [(None, None, "refused", ["nothing_personal"])]


def test_what_was_trained_on_labels_gone_astray_is_refused(
    training: Training, settings: Settings, tracking: MlflowTracking, seeded: World
) -> None:
    live = training.train()
    assert live.verdict is not None
    assert live.verdict.versus_popularity.low > 1
    lead_astray(settings)
    with pytest.raises(ReleaseRefused, match="no longer beats popularity"):
        training.train()
    assert tracking.champion() == live.version
    assert list_releases(settings.releases) == [live.version]
    assert _decided(settings) == [
        (live.version, None, "accepted", []),
        (None, live.version, "refused", ["nothing_personal", "no_better_than_popularity"]),
    ]
    accepted, refused = _tags(tracking)
    assert accepted == {"gate.outcome": "accepted", "gate.champion": "none"}
    assert refused.keys() == {
        "gate.outcome",
        "gate.champion",
        "gate.reason.nothing_personal",
        "gate.reason.no_better_than_popularity",
    }
    assert refused["gate.champion"] == live.version


def test_what_is_worse_than_the_live_release_is_refused(
    training: Training, settings: Settings, tracking: MlflowTracking, seeded: World
) -> None:
    """The live release blends well; this training is kept from choosing and asks SVD alone."""
    live = training.train()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model_trainer.pipeline.choose_blend", lambda *_, **__: SVD_ALONE)
        with pytest.raises(ReleaseRefused, match=f"worse than that of the live release {live.version}"):
            training.train()
    assert tracking.champion() == live.version
    (_, refused) = _decided(settings)
    assert refused[:3] == (None, live.version, "refused")
    assert "worse_than_champion" in refused[3]


def test_what_is_worse_than_a_kept_release_is_refused_though_the_live_one_is_no_better(
    training: Training, settings: Settings, tracking: MlflowTracking, seeded: World
) -> None:
    """A release that asks SVD alone slipped through; the next one like it has the first to stand up to."""
    best = training.train()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model_trainer.pipeline.choose_blend", lambda *_, **__: SVD_ALONE)
        with pytest.MonkeyPatch.context() as careless:
            careless.setattr("model_trainer.pipeline.refusals_of", lambda *_: [])
            live = training.train()
        with pytest.raises(ReleaseRefused, match=f"worse than that of {best.version}, which was live before"):
            training.train()
    assert tracking.champion() == live.version
    assert _decided(settings)[-1] == (None, live.version, "refused", ["worse_than_kept"])


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
        "Forget erased users",
        "Read the snapshot",
        "Check the data",
        "Record the refusal",
    ]
    assert tracking.champion() == live
    assert _decided(settings)[-1] == (None, live, "refused", ["volume"])


def test_a_release_that_answers_slowly_is_refused_as_it_lies_on_disk(
    training: Training, settings: Settings, tracking: MlflowTracking, tmp_path: Path
) -> None:
    world = World(users=60, items=400, interactions=1_500)
    seed(world, database_url=settings.database_url, state_dir=tmp_path, replace=False, report=lambda *_: None)
    strict = settings.model_copy(update={"gate": GateSettings(max_answer_ms=1e-6)})
    with pytest.raises(ReleaseRefused, match="RECSTACK_GATE_MAX_ANSWER_MS"):
        replace(training, settings=strict).train()
    assert tracking.champion() is None
    assert list(settings.releases.iterdir()) == []
    assert _decided(settings) == [(None, None, "refused", ["slow_answers"])]
    with psycopg.connect(settings.database_url) as connection:
        (figure,) = connection.execute("SELECT figures -> 'p95_ms' FROM release_decisions").fetchone() or (None,)
    assert figure > 0
