from __future__ import annotations

import psycopg
import pytest

from model_trainer.lock import training_lock
from recsys.errors import Conflict, Unavailable

pytestmark = pytest.mark.integration


def test_a_second_training_is_refused_until_the_first_has_ended(database_url: str) -> None:
    with training_lock(database_url), pytest.raises(Conflict, match="Another training"), training_lock(database_url):
        pytest.fail("two trainings hold the lock")
    with training_lock(database_url) as ensure_lock:
        ensure_lock()


def test_a_failed_training_lets_go(database_url: str) -> None:
    with pytest.raises(ZeroDivisionError), training_lock(database_url):
        raise ZeroDivisionError
    with training_lock(database_url):
        pass


def test_databases_have_locks_of_their_own(database_url: str, postgres_server: object) -> None:
    other = database_url.rpartition("/")[0] + "/recstack_template"
    with training_lock(database_url), training_lock(other):
        pass


def test_a_lost_lock_is_noticed(database_url: str) -> None:
    with training_lock(database_url) as ensure_lock:
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        with pytest.raises(Unavailable, match="nothing was published") as lost:
            ensure_lock()
    assert lost.value.dependency == "postgres"


def test_postgres_away_is_said_without_the_password(free_tcp_port: int) -> None:
    url = f"postgresql://recstack:hunter2@127.0.0.1:{free_tcp_port}/recstack"
    with pytest.raises(Unavailable) as away, training_lock(url):
        pytest.fail("locked nothing")
    assert "hunter2" not in away.value.detail
    assert "\n" not in away.value.detail
