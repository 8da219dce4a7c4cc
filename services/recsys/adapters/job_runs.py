"""What came of the jobs that end, in PostgreSQL: who watches the platform sees them after their processes are gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import psycopg
import structlog
from psycopg.types.json import Jsonb

from recsys.adapters.clock import SystemClock
from recsys.ports import Clock

KEPT_RUNS = 100
"""Of each job."""
CONNECT_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT = "5s"

logger = structlog.get_logger(__name__)


class Job(StrEnum):
    MIGRATE = "migrate"
    DATA_GENERATOR = "data-generator"
    MODEL_TRAINER = "model-trainer"


@dataclass(frozen=True, slots=True)
class Run:
    job: Job
    started_at: datetime
    ended_at: datetime
    succeeded: bool
    details: dict[str, Any]

    @property
    def seconds(self) -> float:
        return (self.ended_at - self.started_at).total_seconds()


@contextmanager
def recorded(
    database_url: str, job: Job, *, unless: tuple[type[BaseException], ...] = (), clock: Clock | None = None
) -> Iterator[dict[str, Any]]:
    """Record what is done inside as a run of `job`; put what is worth knowing of it into the yielded dictionary.

    An error makes it a failed run and goes on; one of `unless` means that there was nothing to do, and leaves no row.
    That a run cannot be recorded fails no job.
    """
    clock = clock or SystemClock()
    started_at = clock.now()
    details: dict[str, Any] = {}
    try:
        yield details
    except unless:
        raise
    except BaseException as error:
        _record(database_url, Run(job, started_at, clock.now(), False, {"error": type(error).__name__}))
        raise
    _record(database_url, Run(job, started_at, clock.now(), True, details))


def last_runs(connection: psycopg.Connection, *, succeeded: bool = False) -> dict[Job, Run]:
    """Each job's last run, or the last one that succeeded."""
    rows = connection.execute(
        "SELECT DISTINCT ON (job) job, started_at, ended_at, outcome, details FROM job_runs"
        " WHERE outcome = 'succeeded' OR NOT %s ORDER BY job, run_id DESC",
        (succeeded,),
    )
    return {
        Job(job): Run(Job(job), start, end, outcome == "succeeded", found) for job, start, end, outcome, found in rows
    }


def _record(database_url: str, run: Run) -> None:
    """Where the run failed because PostgreSQL is away, that has been said already."""
    try:
        with psycopg.connect(
            database_url, connect_timeout=CONNECT_TIMEOUT_SECONDS, application_name="recstack-job"
        ) as connection:
            connection.execute("SELECT set_config('statement_timeout', %s, false)", (STATEMENT_TIMEOUT,))
            _insert(connection, run)
    except psycopg.Error as error:
        if run.succeeded:
            logger.warning("a job's run is not recorded", job=run.job.value, error=type(error).__name__)


def _insert(connection: psycopg.Connection, run: Run) -> None:
    outcome = "succeeded" if run.succeeded else "failed"
    connection.execute(
        "INSERT INTO job_runs (job, started_at, ended_at, outcome, details) VALUES (%s, %s, %s, %s, %s)",
        (run.job.value, run.started_at, max(run.started_at, run.ended_at), outcome, Jsonb(run.details)),
    )
    connection.execute(
        "DELETE FROM job_runs WHERE job = %(job)s AND run_id <="
        " (SELECT run_id FROM job_runs WHERE job = %(job)s ORDER BY run_id DESC OFFSET %(kept)s LIMIT 1)",
        {"job": run.job.value, "kept": KEPT_RUNS},
    )
