"""The trainer's metrics page, after a training by hand, from a process that trained nothing itself."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable

import psycopg
import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from data_generator.plan import Plan as World
from model_trainer.case import Case
from model_trainer.click_through import ClickThrough
from model_trainer.decision import Reason, Refusal
from model_trainer.figures import Figures
from model_trainer.groups import MAX_COUNTRIES, read_groups
from model_trainer.pipeline import Training
from model_trainer.quality import Check
from model_trainer.records import record_refusal
from native.places import ROOT
from recsys.adapters.clock import SystemClock
from recsys.adapters.job_runs import Job, recorded
from recsys.errors import DataRefused
from recsys.settings import Settings
from recsys.telemetry import LABELS, TRAINER

pytestmark = pytest.mark.integration

Page = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def _page(text: str) -> Page:
    samples = (one for family in text_string_to_metric_families(text) for one in family.samples)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for one in samples}


def _labelled(page: Page, name: str) -> dict[tuple[str, ...], float]:
    """Values by the labels' values, in the order of the labels' names."""
    return {tuple(value for _, value in labels): found for (known, labels), found in page.items() if known == name}


def _scrape(port: int) -> Page:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return _page(answer.read().decode())


def _until(port: int, holds: Callable[[Page], bool]) -> Page:
    deadline = time.monotonic() + 60
    while True:
        try:
            if holds(page := _scrape(port)):
                return page
        except OSError:
            page = {}
        assert time.monotonic() < deadline, page
        time.sleep(0.2)


def test_a_training_is_seen_by_a_schedule_that_started_later(
    settings: Settings, seeded: World, free_tcp_port: int
) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "services"),
        "RECSTACK_DATABASE_URL": settings.database_url,
        "RECSTACK_MLFLOW_URL": settings.mlflow_url,
        "RECSTACK_STATE_DIR": str(settings.state_dir),
        "TRAINER_METRICS_PORT": str(free_tcp_port),
    }
    with recorded(settings.database_url, Job.MIGRATE):
        pass
    with pytest.raises(DataRefused), recorded(settings.database_url, Job.MIGRATE):
        raise DataRefused("failed later")
    train = [sys.executable, "-m", "model_trainer", "train"]
    subprocess.run(train, env=environment, check=True, capture_output=True, timeout=170)
    command = [sys.executable, "-m", "model_trainer", "schedule", "--every", "6h"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until(free_tcp_port, lambda page: bool(_labelled(page, "recstack_group_quality_ratio_upper")))
        time.sleep(1)  # gauges are set one after the other, and these are the last
        page = _scrape(free_tcp_port)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGINT
    _is_what_the_database_knows(page, settings.database_url)
    _every_metric_is_there_with_listed_labels(page)


def _is_what_the_database_knows(page: Page, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT version, metrics FROM releases").fetchall()
        runs = connection.execute("SELECT job, outcome, started_at, ended_at, details FROM job_runs").fetchall()
    ((version, metrics),) = rows
    (training,) = [run for run in runs if run[0] == "model-trainer"]
    details = training[4]
    assert (training[1], details["version"]) == ("succeeded", version)
    hybrid = metrics["hybrid"]
    quality = _labelled(page, "recstack_model_quality")
    assert quality["hybrid", "ndcg_at_10"] == hybrid["ndcg@10"] > 0
    assert quality["hybrid", "coverage_at_10"] == hybrid["coverage@10"]
    assert quality["random", "ndcg_at_10"] < quality["popularity", "ndcg_at_10"] < hybrid["ndcg@10"]
    assert page["recstack_training_published_timestamp_seconds", ()] == pytest.approx(training[3].timestamp())
    assert page["recstack_training_seconds", ()] == pytest.approx((training[3] - training[2]).total_seconds())
    steps = _labelled(page, "recstack_training_step_seconds")
    assert steps["fit_on_everything",] == details["steps"]["fit_on_everything"] > 0
    assert sum(steps.values()) <= page["recstack_training_seconds", ()]
    assert set(_labelled(page, "recstack_algorithm_fit_seconds")) == {(name,) for name in details["fits"]}
    assert page["recstack_training_interval_seconds", ()] == 6 * 3600
    assert _labelled(page, "recstack_trainings_total") == dict.fromkeys(
        [("published",), ("nothing_new",), ("busy",), ("refused",), ("failed",)], 0
    )
    assert _labelled(page, "recstack_job_succeeded") == {("migrate",): 0, ("model-trainer",): 1}
    assert set(_labelled(page, "recstack_job_last_success_timestamp_seconds")) == {("migrate",), ("model-trainer",)}
    groups = {(one["attribute"], one["group"]): one for one in details["groups"]}
    assert {attribute for attribute, _ in groups} >= {"age", "gender"}
    for name, figure in (("", "ndcg"), ("_ratio", "ratio"), ("_ratio_upper", "ratio_upper")):
        found = _labelled(page, f"recstack_group_quality{name}")
        assert found == {labels: group[figure] for labels, group in groups.items()}


def _every_metric_is_there_with_listed_labels(page: Page) -> None:
    fed_by_failures = {"recstack_dependency_errors", "recstack_background_errors"}
    declared = {metric.name for metric in TRAINER.collect() if metric.name.startswith("recstack_")} - fed_by_failures
    seen = {name.removesuffix("_total") for name, _ in page if name.startswith("recstack_")}
    assert declared <= seen
    for name, labels in page:
        for label, value in labels:
            if name.startswith("recstack_"):
                values = LABELS[name.removesuffix("_total")][label]
                assert value in values if isinstance(values, frozenset) else values.fullmatch(value), (name, label)
    of_both = fed_by_failures | {"recstack_indexed_items"}
    assert not seen & ({metric.name for metric in REGISTRY.collect()} - of_both)


def test_figures_of_an_earlier_training_go_when_a_new_one_has_none(settings: Settings, training: Training) -> None:
    figures = Figures(settings.database_url)
    base = {"version": "v", "steps": {"judge": 1.5}, "fits": {"als": 2.0}}
    group = {"attribute": "age", "group": "65+", "ndcg": 0.1, "ratio": 0.5, "ratio_upper": 0.7}
    with recorded(settings.database_url, Job.MODEL_TRAINER) as details:
        details.update(base, quality={"als": {"ndcg@10": 0.25}}, groups=[group])
    figures.read()
    labels = {"attribute": "age", "group": "65+"}
    assert TRAINER.get_sample_value("recstack_group_quality_ratio_upper", labels) == 0.7
    with recorded(settings.database_url, Job.MODEL_TRAINER) as details:
        details.update(base, quality={}, groups=[])
    figures.read()
    assert TRAINER.get_sample_value("recstack_group_quality_ratio_upper", labels) is None
    quality = {"algorithm": "als", "metric": "ndcg_at_10"}
    assert TRAINER.get_sample_value("recstack_model_quality", quality) is None
    assert TRAINER.get_sample_value("recstack_algorithm_fit_seconds", {"algorithm": "als"}) == 2.0
    with pytest.raises(KeyboardInterrupt), recorded(settings.database_url, Job.MODEL_TRAINER):
        raise KeyboardInterrupt
    figures.read()
    assert TRAINER.get_sample_value("recstack_algorithm_fit_seconds", {"algorithm": "als"}) == 2.0
    assert TRAINER.get_sample_value("recstack_job_succeeded", {"job": "model-trainer"}) == 0


def test_the_newest_decision_shows_its_checks_clicks_and_reasons(settings: Settings) -> None:
    figures = Figures(settings.database_url)
    figures.read()
    assert TRAINER.get_sample_value("recstack_data_check", {"check": "events"}) is None
    assert math.isnan(TRAINER.get_sample_value("recstack_release_click_through", {"figure": "observed"}) or 0)
    checks = [
        Check("events", 700, 0),
        Check("drift of ratings", 0.3, 1, warn_above=0.1),
        Check("duplicates", 0.4, 0.1, Refusal(Reason.DUPLICATES, "too many")),
    ]
    clicks = ClickThrough("v1", 900, 0.05, 0.04, 0.06, 0.08)
    case = Case("v1", None, checks, clicks)
    refusals = [check.refusal for check in checks if check.refusal]
    record_refusal(settings.database_url, case.decision(SystemClock().now(), refusals))
    figures.read()
    outcomes = {
        check: (
            TRAINER.get_sample_value("recstack_data_check", {"check": check}),
            TRAINER.get_sample_value("recstack_data_check_outcome", {"check": check}),
        )
        for check in ("events", "drift_of_ratings", "duplicates")
    }
    assert outcomes == {"events": (700, 0), "drift_of_ratings": (0.3, 1), "duplicates": (0.4, 2)}
    for figure, value in (("predicted", 0.08), ("observed", 0.05), ("low", 0.04), ("high", 0.06)):
        assert TRAINER.get_sample_value("recstack_release_click_through", {"figure": figure}) == value
    assert TRAINER.get_sample_value("recstack_release_refusals", {"reason": "duplicates"}) == 1
    assert TRAINER.get_sample_value("recstack_release_refusals", {"reason": "drift"}) == 0


def test_people_are_grouped_as_they_describe_themselves_with_the_small_countries_together(database_url: str) -> None:
    countries = ["DE"] * 3 + [f"A{letter}" for letter in "BCDEFGHIJKLMNOPQ"] + [None]
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO users (user_id, age, gender, country) VALUES (%s, %s, %s, %s)",
            [(number, 20, "female", country) for number, country in enumerate(countries, 1)],
        )
        cursor.execute("INSERT INTO users (user_id) VALUES (100)")
    groups = read_groups(database_url, [100, 2, 99, *range(3, len(countries) + 1), 1])
    assert groups["age"][:3] == ["unknown", "18-24", "unknown"]
    assert groups["gender"][:3] == ["unknown", "female", "unknown"]
    assert (groups["country"][0], groups["country"][1], groups["country"][-1]) == ("unknown", "DE", "DE")
    assert len(set(groups["country"])) <= MAX_COUNTRIES + 2
    assert "other" in groups["country"]
