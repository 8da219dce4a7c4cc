"""A crash or a failure at any point of publishing leaves the old release served and no half one visible."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from model_trainer.decision import Decision
from model_trainer.publish import Publisher
from recsys.adapters.mlflow_tracking import MlflowTracking
from recsys.errors import Conflict, DataRefused, RecstackError, Unavailable
from recsys.manifest import read_manifest
from recsys.release import Release, list_releases, load_release

pytestmark = pytest.mark.integration

Make = Callable[[str], Release]

ACCEPTED = Decision(datetime(2026, 3, 1, tzinfo=UTC), None)


@pytest.fixture
def publisher(tmp_path: Path, tracking: MlflowTracking, database_url: str) -> Publisher:
    return Publisher(tmp_path / "releases", tracking, database_url, keep=2)


def _publish(publisher: Publisher, release: Release) -> None:
    digest = publisher.write(release, lambda _: None)
    publisher.register(release.version, digest, ACCEPTED, lambda: None)
    publisher.promote(release.version)


def _rows(publisher: Publisher) -> dict[str, tuple[str, int]]:
    with psycopg.connect(publisher.database_url) as connection:
        found = connection.execute("SELECT version, manifest_sha256, mlflow_version FROM releases").fetchall()
    return {version: (digest, number) for version, digest, number in found}


def _go_live(publisher: Publisher, version: str, action: str = "publish") -> None:
    """What the API writes when it has followed the alias."""
    with psycopg.connect(publisher.database_url) as connection:
        connection.execute(
            "INSERT INTO deployments (version, action, reason) VALUES (%s, %s, 'alias')", (version, action)
        )


def test_a_published_release_is_on_disk_in_mlflow_in_postgres_and_live(publisher: Publisher, a_release: Make) -> None:
    release = a_release("v1")
    digest = publisher.write(release, lambda _: None)
    assert publisher.tracking.releases() == []
    assert _rows(publisher) == {}
    publisher.register("v1", digest, ACCEPTED, lambda: None)
    assert publisher.tracking.champion() is None
    assert _rows(publisher) == {"v1": (digest, 1)}
    publisher.promote("v1")
    assert publisher.tracking.champion() == "v1"
    assert load_release(publisher.releases, "v1").metrics["hybrid"] == {"ndcg@10": 0.5}
    assert publisher.size_mb("v1") > 0


def test_what_is_checked_is_what_lies_on_disk(publisher: Publisher, a_release: Make) -> None:
    checked: list[Release] = []
    release = a_release("v1")
    publisher.write(release, checked.append)
    assert checked[0].version == "v1"
    assert checked[0].models.keys() == release.models.keys()
    assert checked[0].user_ids.base is not None


def test_a_release_that_is_refused_leaves_nothing(publisher: Publisher, a_release: Make) -> None:
    _publish(publisher, a_release("v1"))

    def refuse(_: Release) -> None:
        raise DataRefused("broken")

    with pytest.raises(DataRefused, match="broken"):
        publisher.write(a_release("v2"), refuse)
    assert [path.name for path in publisher.releases.iterdir()] == ["v1"]
    assert publisher.tracking.champion() == "v1"


def _lose_lock() -> None:
    raise Conflict("the lock is lost")


def _lose_table(publisher: Publisher) -> None:
    with psycopg.connect(publisher.database_url) as connection:
        connection.execute("ALTER TABLE releases ADD CONSTRAINT nothing CHECK (version = 'v1')")


@pytest.mark.parametrize("failure", ["upload", "lock", "row", "interrupt"])
def test_a_failure_before_the_alias_leaves_the_old_release_alone(
    publisher: Publisher, a_release: Make, failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(publisher, a_release("v1"))
    digest = publisher.write(a_release("v2"), lambda _: None)
    ensure_lock: Callable[[], None] = lambda: None  # noqa: E731
    expected: type[BaseException] = RecstackError
    if failure == "upload":
        (publisher.releases / "v2" / "popularity" / "scores.npy").unlink()
        (publisher.releases / "v2" / "popularity" / "scores.npy").symlink_to("nowhere")
        expected = OSError
    elif failure == "lock":
        ensure_lock = _lose_lock
    elif failure == "row":
        _lose_table(publisher)
        expected = psycopg.errors.CheckViolation
    else:
        register = publisher.tracking._register

        def interrupt(name: str, *rest: str) -> int:
            if name == "recstack-release":
                raise KeyboardInterrupt
            return register(name, *rest)

        monkeypatch.setattr(publisher.tracking, "_register", interrupt)
        expected = KeyboardInterrupt
    with pytest.raises(expected):
        publisher.register("v2", digest, ACCEPTED, ensure_lock)
    assert publisher.tracking.champion() == "v1"
    assert [release.version for release in publisher.tracking.releases()] == ["v1"]
    assert publisher.tracking.client.search_model_versions("tags.release = 'v2'") == []
    assert list_releases(publisher.releases) == ["v1"]
    assert list(_rows(publisher)) == ["v1"]
    assert load_release(publisher.releases, "v1").version == "v1"


def test_mlflow_away_leaves_no_folder(
    publisher: Publisher, a_release: Make, free_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(publisher, a_release("v1"))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    away = Publisher(
        publisher.releases, MlflowTracking(f"http://127.0.0.1:{free_tcp_port}"), publisher.database_url, keep=2
    )
    digest = away.write(a_release("v2"), lambda _: None)
    with pytest.raises(Unavailable, match="MLflow"):
        away.register("v2", digest, ACCEPTED, lambda: None)
    assert [path.name for path in publisher.releases.iterdir()] == ["v1"]
    assert list(_rows(publisher)) == ["v1"]


def test_a_release_that_may_be_the_champion_is_never_taken_away(
    publisher: Publisher, a_release: Make, free_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = publisher.write(a_release("v1"), lambda _: None)
    publisher.register("v1", digest, ACCEPTED, lambda: None)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    away = Publisher(
        publisher.releases, MlflowTracking(f"http://127.0.0.1:{free_tcp_port}"), publisher.database_url, keep=2
    )
    with pytest.raises(Unavailable, match="v1 is registered, but it may not be live"):
        away.promote("v1")
    assert list_releases(publisher.releases) == ["v1"]


def test_the_newest_the_champion_and_the_one_before_stay(publisher: Publisher, a_release: Make) -> None:
    for version in ("v1", "v2", "v3", "v4", "v5", "v6"):
        _publish(publisher, a_release(version))
    for version in ("v2", "v3", "v1"):
        _go_live(publisher, version)
    publisher.promote("v2")
    assert publisher.prune() == ["v4"]
    assert list_releases(publisher.releases) == ["v1", "v2", "v3", "v5", "v6"]
    assert {release.version for release in publisher.tracking.releases()} == {"v1", "v2", "v3", "v5", "v6"}
    assert publisher.tracking.champion() == "v2"
    assert len(_rows(publisher)) == 6
    assert publisher.prune() == []


def test_after_a_rollback_the_one_before_that_stays_too(publisher: Publisher, a_release: Make) -> None:
    """The last two that were live are v2 and v3, yet the next rollback leads to v4."""
    for version in ("v1", "v2", "v3", "v4", "v5", "v6"):
        _publish(publisher, a_release(version))
    for version in ("v1", "v4", "v2", "v3"):
        _go_live(publisher, version)
    _go_live(publisher, "v2", "rollback")
    publisher.promote("v2")
    assert publisher.prune() == ["v1", "v3"]
    assert list_releases(publisher.releases) == ["v2", "v4", "v5", "v6"]


def test_what_a_crash_left_is_cleaned_by_the_next_training(publisher: Publisher, a_release: Make) -> None:
    _publish(publisher, a_release("v1"))
    publisher.write(a_release("v2"), lambda _: None)
    publisher.tracking.log_release(publisher.releases / "v2", read_manifest(publisher.releases, "v2"))
    run = publisher.tracking.client.create_run(publisher.tracking.experiment()).info.run_id
    (publisher.releases / ".v3.writing").mkdir()
    publisher.clean()
    assert sorted(path.name for path in publisher.releases.iterdir()) == ["v1", "v2"]
    assert publisher.tracking.client.get_run(run).info.status == "KILLED"
    _publish(publisher, a_release("v4"))
    assert publisher.prune() == ["v2"]
    assert list_releases(publisher.releases) == ["v1", "v4"]
    assert {release.version for release in publisher.tracking.releases()} == {"v1", "v4"}
