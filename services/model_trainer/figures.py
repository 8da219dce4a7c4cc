"""What the last trainings and the other jobs came to, on the trainer's metrics page.

They are read back from PostgreSQL again and again: a restart forgets nothing, and a training that somebody started by
hand, or a job whose process is long gone, is seen too.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import psycopg
import structlog
from prometheus_client import Gauge

from model_trainer.database import connect, reaching_postgres
from model_trainer.decision import Reason
from model_trainer.quality import OUTCOMES
from model_trainer.records import newest_figures, refusals_by_reason
from recsys.adapters.job_runs import Job, Run, last_runs
from recsys.errors import RecstackError
from recsys.telemetry import (
    BACKGROUND_ERRORS,
    CLICK_THROUGH,
    DATA_CHECK,
    DATA_CHECK_OUTCOME,
    FIT_SECONDS,
    GROUP_QUALITY,
    GROUP_QUALITY_RATIO,
    GROUP_QUALITY_RATIO_UPPER,
    JOB_LAST_SUCCESS,
    JOB_SECONDS,
    JOB_SUCCEEDED,
    MODEL_QUALITY,
    RELEASE_REFUSALS,
    TRAINING_PUBLISHED,
    TRAINING_SECONDS,
    TRAINING_STEP_SECONDS,
)

if TYPE_CHECKING:
    from model_trainer.pipeline import Trained
    from model_trainer.steps import Step

TASK = "job_records"
EVERY_SECONDS = 10.0
READ_TIMEOUT = "5s"
CLICK_FIGURES = ("predicted", "observed", "low", "high")

Values = Mapping[tuple[str, ...], float]
"""By labels."""

logger = structlog.get_logger(__name__)


def details(trained: Trained, steps: list[Step]) -> dict[str, Any]:
    """What a training's record holds."""
    return {
        "version": trained.version,
        "steps": {_word(step.name): step.seconds for step in steps},
        "fits": {name.value: seconds for name, seconds in trained.fit_seconds.items()},
        "quality": trained.verdict.metrics if trained.verdict else {},
        "groups": [asdict(group) for group in trained.groups],
    }


def _word(title: str) -> str:
    return re.sub(r"\W+", "_", title.lower())


class Figures:
    """Reads in a thread of its own; while PostgreSQL is away the last known ones stay."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._shown: dict[Gauge, set[tuple[str, ...]]] = {}
        TRAINING_SECONDS.set(math.nan)
        TRAINING_PUBLISHED.set(math.nan)

    def start(self) -> None:
        threading.Thread(target=self._follow, name=TASK, daemon=True).start()

    def _follow(self) -> None:
        pause = threading.Event()
        while True:
            try:
                self.read()
            except (RecstackError, psycopg.Error, LookupError, TypeError, ValueError) as error:
                BACKGROUND_ERRORS.labels(TASK).inc()
                logger.warning("the jobs' records cannot be read", error=type(error).__name__)
            pause.wait(EVERY_SECONDS)

    def read(self) -> None:
        """Raises `Unavailable`."""
        with reaching_postgres(), connect(self._database_url) as connection:
            connection.execute("SELECT set_config('statement_timeout', %s, false)", (READ_TIMEOUT,))
            last, good = last_runs(connection), last_runs(connection, succeeded=True)
            refused, decided = refusals_by_reason(connection), newest_figures(connection)
        self._show(RELEASE_REFUSALS, {(reason.value,): refused.get(reason.value, 0) for reason in Reason})
        self._show_decision(decided)
        self._show(JOB_SECONDS, {(job.value,): run.seconds for job, run in last.items()})
        self._show(JOB_SUCCEEDED, {(job.value,): float(run.succeeded) for job, run in last.items()})
        self._show(JOB_LAST_SUCCESS, {(job.value,): run.ended_at.timestamp() for job, run in good.items()})
        if training := last.get(Job.MODEL_TRAINER):
            TRAINING_SECONDS.set(training.seconds)
        if published := good.get(Job.MODEL_TRAINER):
            TRAINING_PUBLISHED.set(published.ended_at.timestamp())
            self._show_training(published)

    def _show_decision(self, figures: Mapping[str, Any]) -> None:
        checks = {_word(name): check for name, check in figures.get("data", {}).items()}
        self._show(DATA_CHECK, {(name,): check["figure"] for name, check in checks.items()})
        known = {name: check["outcome"] for name, check in checks.items() if "outcome" in check}
        self._show(DATA_CHECK_OUTCOME, {(name,): OUTCOMES.index(outcome) for name, outcome in known.items()})
        clicks = figures.get("click_through", {})
        values = {(name,): clicks.get(name) for name in CLICK_FIGURES}
        self._show(CLICK_THROUGH, {name: math.nan if value is None else value for name, value in values.items()})

    def _show_training(self, run: Run) -> None:
        found = run.details
        self._show(TRAINING_STEP_SECONDS, {(step,): seconds for step, seconds in found["steps"].items()})
        self._show(FIT_SECONDS, {(name,): seconds for name, seconds in found["fits"].items()})
        quality = found["quality"].items()
        self._show(
            MODEL_QUALITY,
            {(name, metric.replace("@", "_at_")): value for name, row in quality for metric, value in row.items()},
        )
        groups = {(group["attribute"], group["group"]): group for group in found["groups"]}
        for gauge, figure in (
            (GROUP_QUALITY, "ndcg"),
            (GROUP_QUALITY_RATIO, "ratio"),
            (GROUP_QUALITY_RATIO_UPPER, "ratio_upper"),
        ):
            self._show(gauge, {labels: group[figure] for labels, group in groups.items()})

    def _show(self, gauge: Gauge, values: Values) -> None:
        """Set these, and let go of what was shown before and is no more."""
        for labels, value in values.items():
            gauge.labels(*labels).set(value)
        for labels in self._shown.get(gauge, set()) - values.keys():
            gauge.remove(*labels)
        self._shown[gauge] = set(values)
