"""Prometheus' files: valid, tested case by case, and about metrics that are told."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from native.places import ROOT
from tests.unit.grafana.promql import Matcher, Selector, selectors
from tests.unit.grafana.vocabulary import FOREIGN, SCRAPED, declared, recorded, rules, values

FOLDER = ROOT / "prometheus"
CASES = sorted((FOLDER / "tests").glob("*.yml"))
RUNBOOKS = ROOT / "docs" / "runbooks"
JOBS = {"recommendation-api", "model-trainer", "postgres-exporter", "redis-exporter", "prometheus"}
HEADINGS = ["What it means", "See it", "What to do", "When to stop worrying"]

ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in rules() if "alert" in rule}
RECORDS = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}


def _promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("there is no promtool on PATH (Debian's package prometheus has it)")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=120)


def _cases() -> list[dict[str, Any]]:
    return [case for path in CASES for case in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]]


def test_the_configuration_is_valid() -> None:
    done = _promtool("check", "config", FOLDER / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_rules_do_what_their_cases_say(path: Path) -> None:
    done = _promtool("test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_has_a_case_that_fires_and_one_that_is_silent(alert: str) -> None:
    told = [one for case in _cases() for one in case.get("alert_rule_test", []) if one["alertname"] == alert]
    assert any(one["exp_alerts"] for one in told)
    silent = [case for case in _cases() if _is_silent(case, alert)]
    assert silent


def _is_silent(case: dict[str, Any], alert: str) -> bool:
    """Whether the alert is looked at in this case, on series that it reads, and never fires."""
    told = [one for one in case.get("alert_rule_test", []) if one["alertname"] == alert]
    series = {re.split(r"[{ ]", one["series"])[0] for one in case["input_series"]}
    return bool(told) and not any(one["exp_alerts"] for one in told) and bool(series & _read(ALERTS[alert]["expr"]))


def _read(expr: str) -> set[str]:
    """Series that it reads, those behind recorded ones too."""
    found = {selector.metric for selector in selectors(expr)}
    return found | {series for name in found & RECORDS.keys() for series in _read(RECORDS[name])}


@pytest.mark.parametrize("record", RECORDS)
def test_each_recorded_series_has_a_case(record: str) -> None:
    asked = [one for case in _cases() for one in case.get("promql_expr_test", []) if one["exp_samples"]]
    assert any(record in {selector.metric for selector in selectors(one["expr"])} for one in asked)


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_says_what_how_bad_and_what_to_do(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    annotations = rule["annotations"]
    assert set(annotations) == {"summary", "description", "runbook_url", "__dashboardUid__", "__panelId__"}
    assert all(annotations.values())
    page = (ROOT / annotations["runbook_url"]).read_text(encoding="utf-8")
    assert page.startswith(f"# {alert}\n")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == HEADINGS


def test_every_page_belongs_to_an_alert_and_leads_to_pages_that_exist() -> None:
    pages = {path.name for path in RUNBOOKS.glob("*.md")} - {"README.md"}
    assert pages == {Path(rule["annotations"]["runbook_url"]).name for rule in ALERTS.values()}
    for path in RUNBOOKS.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (RUNBOOKS / target).exists(), (path.name, target)


def test_rules_and_cases_speak_of_series_labels_and_values_that_exist() -> None:
    known = {**FOREIGN, **declared(), **recorded()}
    told = [one["series"] for case in _cases() for one in case["input_series"]]
    for expr in (*(rule["expr"] for rule in rules()), *told):
        for selector in selectors(expr):
            assert selector.metric in known, expr
            for matcher in selector.matchers:
                assert matcher.label in known[selector.metric] | SCRAPED, expr
                _takes(selector, matcher)


def _takes(selector: Selector, matcher: Matcher) -> None:
    possible = values(selector.metric, matcher.label)
    parts = matcher.value.split("|") if "~" in matcher.operator else [matcher.value]
    for value in parts:
        if isinstance(possible, frozenset):
            assert value in possible, f"{selector.metric}: {matcher.label} is never {value}"
        elif possible is not None and "~" not in matcher.operator:
            assert possible.fullmatch(value), f"{selector.metric}: {matcher.label} is never {value}"


def test_pages_speak_of_metrics_that_exist() -> None:
    known = {**declared(), **recorded()}
    for path in RUNBOOKS.glob("*.md"):
        for name in re.findall(r"recstack[_:][a-z0-9_:]+", path.read_text(encoding="utf-8")):
            is_ours = name in known or any(series.startswith(name) for series in known)
            assert is_ours, f"{path.name}: {name}"


def test_every_job_has_its_targets_and_every_target_its_job() -> None:
    configuration = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    files = {
        job["job_name"]: [path for found in job["file_sd_configs"] for path in found["files"]]
        for job in configuration["scrape_configs"]
    }
    assert files == {job: [f"targets/{job}.yml"] for job in JOBS}
    assert {path.stem for path in (FOLDER / "targets").iterdir()} == JOBS
    for job in JOBS:
        (entry,) = yaml.safe_load((FOLDER / "targets" / f"{job}.yml").read_text(encoding="utf-8"))
        assert all(re.fullmatch(r"[a-z-]+:\d+", address) for address in entry["targets"])
    assert re.fullmatch(r"([1-9]|1[0-5])s", configuration["global"]["scrape_interval"])
