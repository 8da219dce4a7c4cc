from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from model_trainer.publish import Publisher
from model_trainer.state import ServerState
from recsys.adapters.mlflow_tracking import MlflowTracking
from recsys.errors import Unavailable
from recsys.release import Release, remove_release
from recsys.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
def live(settings: Settings, tracking: MlflowTracking, a_release: Callable[[str], Release]) -> Release:
    """A champion that was trained on no event at all."""
    publisher = Publisher(settings.releases, tracking, settings.database_url, keep=2)
    release = replace(a_release("v1"), snapshot={"events": 0})
    publisher.register("v1", publisher.write(release, lambda _: None), lambda: None)
    publisher.promote("v1")
    return release


def test_before_the_first_release_nothing_was_trained(settings: Settings) -> None:
    state = ServerState(settings)
    assert state.trained_at() is None
    assert state.has_news()


def test_the_champion_says_when_it_was_trained(settings: Settings, live: Release) -> None:
    assert ServerState(settings).trained_at() == live.created_at


def test_events_that_came_or_went_are_news(settings: Settings, live: Release) -> None:
    state = ServerState(settings)
    assert not state.has_news()
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("INSERT INTO users (user_id) VALUES (1)")
        connection.execute("INSERT INTO items (item_id, title) VALUES (1, 'Thing')")
        connection.execute(
            "INSERT INTO interactions (event_id, user_id, item_id, type, occurred_at) VALUES ('e', 1, 1, 'view', now())"
        )
    assert state.has_news()
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("DELETE FROM interactions")
    assert not state.has_news()


def test_a_champion_whose_folder_is_gone_counts_as_none(settings: Settings, live: Release) -> None:
    remove_release(settings.releases, "v1")
    assert ServerState(settings).trained_at() is None


def test_mlflow_away_is_said(settings: Settings, free_tcp_port: int) -> None:
    away = settings.model_copy(update={"mlflow_url": f"http://127.0.0.1:{free_tcp_port}"})
    with pytest.raises(Unavailable, match="MLflow"):
        ServerState(away).trained_at()
