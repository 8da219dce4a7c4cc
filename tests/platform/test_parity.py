"""The compose file and the native topology are the same system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from native import topology
from native.configuration import Configuration
from native.places import ROOT
from native.providers import elasticsearch, grafana, prometheus
from native.steps import Service, Step

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
NATIVE_NAMES = {
    "seed": "data-generator",
    "train": "model-trainer",
    "trainer": "model-trainer",
    "api": "recommendation-api",
}
"""The native start tells the first training, which people wait for, from the scheduled ones."""
ONLY_IN_CONTAINERS = {"postgres-exporter", "redis-exporter"}
MODULES = {"migrate": "recsys.migrations", "seed": "data_generator seed", "trainer": "model_trainer schedule"}


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Step]:
    """The native topology on a machine that has all there is, with simulated users."""
    monkeypatch.setenv("RECSTACK_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("RECSTACK_TRAFFIC_RATE", "1")
    monkeypatch.setattr(prometheus, "find_binary", lambda: "prometheus")
    monkeypatch.setattr(elasticsearch, "find_binary", lambda: "elasticsearch")
    monkeypatch.setattr(grafana, "find_command", lambda: ("grafana",))
    return {step.name: step for step in topology.steps(Configuration(), with_jupyter=True)}


def _compose_name(name: str) -> str:
    return NATIVE_NAMES.get(name, name)


def _environment(name: str) -> dict[str, str]:
    found: dict[str, str] = SERVICES[name].get("environment", {})
    return found


def test_both_have_the_same_services(steps: dict[str, Step]) -> None:
    assert {_compose_name(name) for name in steps} == SERVICES.keys() - ONLY_IN_CONTAINERS


def test_both_listen_on_the_same_ports_moved_by_the_same_variables(steps: dict[str, Step]) -> None:
    for name, step in steps.items():
        if isinstance(step, Service) and step.port is not None:
            published = f"127.0.0.1:${{{step.port_variable}:-{step.port}}}:{step.port}"
            assert SERVICES[_compose_name(name)]["ports"] == [published]


def test_our_services_run_the_same_modules(steps: dict[str, Step]) -> None:
    for name, module in MODULES.items():
        assert module in " ".join(steps[name].command)
        assert module in " ".join(map(str, SERVICES[_compose_name(name)]["command"]))
    assert SERVICES["recommendation-api"]["build"]["args"]["PACKAGE"] == steps["api"].command[-1]


def test_our_services_are_told_the_same_things(steps: dict[str, Step]) -> None:
    for name in ("migrate", "seed", "trainer", "api", "traffic", "jupyter", "grafana"):
        native_only = {"PYTHONUNBUFFERED", "NO_PROXY", "no_proxy", "RECSTACK_API_URL"}
        told = {variable for variable in steps[name].environment if variable.startswith("RECSTACK_")} - native_only
        assert told <= _environment(_compose_name(name)).keys() | {"RECSTACK_STATE_DIR"}, name


def test_both_wait_for_the_same(steps: dict[str, Step]) -> None:
    """What the native start does before, compose does before too; there the API itself waits for the release."""
    for name, step in steps.items():
        needed = {_compose_name(need) for need in step.needs} - {_compose_name(name)}
        before = _all_before(_compose_name(name))
        assert needed - before <= {"model-trainer", "recommendation-api"}, name


def _all_before(name: str) -> set[str]:
    direct = set(SERVICES[name].get("depends_on", {}))
    return direct.union(*(_all_before(needed) for needed in direct))


def test_both_tune_postgres_and_redis_alike(steps: dict[str, Step]) -> None:
    natively = " ".join(steps["redis"].command)
    for flag in ("--maxmemory-policy allkeys-lru", "--appendonly no"):
        assert flag in natively
        assert flag in " ".join(SERVICES["redis"]["command"])


def test_both_hand_the_key_of_the_api_to_prometheus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSTACK_API_KEY", "open-sesame")
    prometheus.write_configuration(Configuration(), tmp_path)
    configuration = yaml.safe_load((tmp_path / "prometheus.yml").read_text("utf-8"))
    job = next(job for job in configuration["scrape_configs"] if job["job_name"] == "recommendation-api")
    key = tmp_path / job["authorization"]["credentials_file"]
    assert key.read_text("utf-8") == "open-sesame"
    assert key.stat().st_mode & 0o777 == 0o600
    assert f">/tmp/{key.name}" in SERVICES["prometheus"]["command"][0]
