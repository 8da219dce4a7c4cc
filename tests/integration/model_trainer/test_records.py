from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from model_trainer.decision import Decision, Reason, Refusal
from model_trainer.lineage import Step
from model_trainer.records import (
    accepted_steps,
    count_events,
    newest_deployments,
    published_versions,
    record_refusal,
    record_release,
    refusals_by_reason,
)
from recsys.domain import Algorithm
from recsys.errors import Unavailable
from recsys.manifest import AlgorithmEntry, Manifest

pytestmark = pytest.mark.integration

START = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def _record(database_url: str, version: str, hours: int) -> None:
    entries = {Algorithm.HYBRID: AlgorithmEntry({}, {"ndcg@10": 0.5})}
    manifest = Manifest(version, START + timedelta(hours=hours), {}, entries, {})
    record_release(database_url, manifest, "ab" * 32, 7, Decision(START, "v0", figures={"hybrid": {"ndcg@10": 0.5}}))


def test_a_release_is_recorded_with_its_time_digest_and_metrics(database_url: str) -> None:
    _record(database_url, "v1", 0)
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT version, created_at, manifest_sha256, mlflow_version, metrics FROM releases"
        ).fetchone()
    assert row == ("v1", START, "ab" * 32, 7, {"hybrid": {"ndcg@10": 0.5}})


def _decisions(database_url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(
            "SELECT decided_at, version, champion, outcome, reasons, figures"
            " FROM release_decisions ORDER BY decision_id"
        ).fetchall()


def test_each_decision_stays_with_its_reasons_and_figures(database_url: str) -> None:
    _record(database_url, "v1", 0)
    refusals = (Refusal(Reason.VOLUME, "too few events"), Refusal(Reason.DUPLICATES, "too many twins"))
    for number in (2, 1):
        record_refusal(database_url, Decision(START, "v1", refusals[:number], {"data": {}}))
    reasons = [
        {"reason": "volume", "sentence": "too few events"},
        {"reason": "duplicates", "sentence": "too many twins"},
    ]
    assert _decisions(database_url) == [
        (START, "v1", "v0", "accepted", [], {"hybrid": {"ndcg@10": 0.5}}),
        (START, None, "v1", "refused", reasons, {"data": {}}),
        (START, None, "v1", "refused", reasons[:1], {"data": {}}),
    ]
    with psycopg.connect(database_url) as connection:
        assert refusals_by_reason(connection) == {"volume": 2, "duplicates": 1}


def test_how_accepted_releases_stood_to_the_live_one_is_read_back(database_url: str) -> None:
    _record(database_url, "v1", 0)
    manifest = Manifest("v2", START + timedelta(hours=1), {}, {}, {})
    figures = {"ndcg_10_less_champion": {"estimate": -0.25, "low": -0.5, "high": 0.1}}
    record_release(database_url, manifest, "ab" * 32, 8, Decision(START, "v1", figures=figures))
    record_refusal(database_url, Decision(START, "v2", [Refusal(Reason.VOLUME, "too few events")], figures))
    assert accepted_steps(database_url) == {"v2": Step("v1", -0.25), "v1": Step("v0", None)}


def test_a_release_without_its_decision_is_not_recorded(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("ALTER TABLE release_decisions RENAME TO away")
    with pytest.raises(psycopg.errors.UndefinedTable):
        _record(database_url, "v1", 0)
    assert published_versions(database_url) == []


def test_published_versions_come_newest_first(database_url: str) -> None:
    for version, hours in (("v2", 2), ("v1", 1), ("v3", 3)):
        _record(database_url, version, hours)
    assert published_versions(database_url) == ["v3", "v2", "v1"]


def test_deployments_come_newest_first(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        for version, action in (("v1", "publish"), ("v2", "publish"), ("v1", "rollback")):
            connection.execute(
                "INSERT INTO deployments (version, action, reason) VALUES (%s, %s, 'test')", (version, action)
            )
    found = newest_deployments(database_url)
    assert [(each.version, each.action) for each in found] == [("v1", "rollback"), ("v2", "publish"), ("v1", "publish")]


def test_nothing_was_live_before_the_first(database_url: str) -> None:
    assert newest_deployments(database_url) == []
    assert published_versions(database_url) == []
    assert count_events(database_url) == 0


def test_postgres_away_is_unavailable(free_tcp_port: int) -> None:
    with pytest.raises(Unavailable, match="PostgreSQL"):
        count_events(f"postgresql://recstack@127.0.0.1:{free_tcp_port}/recstack")
