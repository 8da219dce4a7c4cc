"""What the schedule sees of the champion, over a real MLflow and a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest

from model_trainer.decision import Decision
from model_trainer.publish import Publisher
from model_trainer.state import ServerState
from recsys.adapters.mlflow_tracking import MlflowTracking
from recsys.manifest import FORMAT, MANIFEST
from recsys.release import Release, remove_release
from recsys.settings import Settings

pytestmark = pytest.mark.integration

Make = Callable[[str], Release]

ACCEPTED = Decision(datetime(2026, 3, 1, tzinfo=UTC), None)


@pytest.fixture
def publisher(settings: Settings, tracking: MlflowTracking) -> Publisher:
    return Publisher(settings.releases, tracking, settings.database_url, keep=2)


def _publish(publisher: Publisher, release: Release) -> None:
    digest = publisher.write(release, lambda _: None)
    publisher.register(release.version, digest, ACCEPTED, lambda: None)
    publisher.promote(release.version)


def _another_layout(publisher: Publisher, version: str) -> None:
    path = publisher.releases / version / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": FORMAT + 1}))


def test_the_champion_and_its_events_decide(publisher: Publisher, settings: Settings, a_release: Make) -> None:
    state = ServerState(settings)
    assert (state.trained_at(), state.has_news()) == (None, True)
    release = a_release("v1")
    _publish(publisher, release)
    assert (state.trained_at(), state.has_news()) == (release.created_at, True)
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("INSERT INTO users (user_id) VALUES (1)")
        connection.execute("INSERT INTO items (item_id, title) VALUES (1, 'One')")
        connection.execute(
            "INSERT INTO interactions (event_id, user_id, item_id, type, occurred_at)"
            " SELECT 'e' || n, 1, 1, 'view', now() FROM generate_series(1, 7) n"
        )
    assert not state.has_news()
    remove_release(publisher.releases, "v1")
    assert (state.trained_at(), state.has_news()) == (None, True)


def test_a_champion_in_another_layout_is_none_and_the_next_takes_its_place(
    publisher: Publisher, settings: Settings, a_release: Make
) -> None:
    state = ServerState(settings)
    _publish(publisher, a_release("v1"))
    _another_layout(publisher, "v1")
    assert (state.trained_at(), state.has_news()) == (None, True)
    release = a_release("v2")
    _publish(publisher, release)
    assert state.trained_at() == release.created_at
    assert publisher.prune() == []
    for version in ("v3", "v4"):
        _publish(publisher, a_release(version))
    assert "v1" in publisher.prune()
