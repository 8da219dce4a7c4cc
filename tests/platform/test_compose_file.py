"""The compose file holds to the house's rules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from native.places import ROOT, read_environment_file

FILE = ROOT / "docker-compose.yml"
TEXT = FILE.read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
JOBS = {"migrate", "data-generator"}
LASTING = sorted(SERVICES.keys() - JOBS)
OURS = {"mlflow", "migrate", "data-generator", "model-trainer", "recommendation-api", "jupyter", "traffic"}
WRITES_ITS_ROOT = {"elasticsearch"}
EXAMPLE = read_environment_file(ROOT / ".env.example")


class OldEngineLoader(yaml.SafeLoader):  # type: ignore[misc]  # yaml has no types
    """Knows compose's tag for taking a setting back."""


OldEngineLoader.add_constructor("!reset", lambda *_: "reset")


def test_every_image_is_pinned_in_one_place_or_our_own() -> None:
    pins = COMPOSE["x-images"]
    assert all(re.fullmatch(r"[\w./-]+:v?\d[\w.-]*", pin) for pin in pins.values())
    for name, service in SERVICES.items():
        if name in OURS:
            assert service["image"].startswith("recstack/")
            assert service["build"]["dockerfile"] == "services/Dockerfile"
            assert service["build"]["args"]["PYTHON_IMAGE"] == pins["python"]
        else:
            assert service["image"] == pins[name]
    assert len(re.findall(r"^ +image: [^*r]", TEXT, re.MULTILINE)) == 0


def test_the_project_has_a_name_and_containers_have_none() -> None:
    assert COMPOSE["name"] == "recstack"
    assert not any("container_name" in service for service in SERVICES.values())


@pytest.mark.parametrize("name", LASTING)
def test_every_lasting_service_has_a_health_check_and_restarts(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert check["start_interval"] == "1s"
    assert {"interval", "timeout", "retries", "start_period"} <= check.keys()
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_jobs_run_once() -> None:
    for name in JOBS:
        assert SERVICES[name]["restart"] == "no"
        assert "healthcheck" not in SERVICES[name]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    assert service["init"] is True
    if name not in WRITES_ITS_ROOT:
        assert service["read_only"] is True
        assert service["tmpfs"]
    if name not in OURS | WRITES_ITS_ROOT:
        assert service["user"] not in {"root", "0", ""}


def test_our_own_images_run_as_a_numeric_user() -> None:
    recipe = (ROOT / "services" / "Dockerfile").read_text("utf-8")
    assert re.search(r"^USER 10001$", recipe, re.MULTILINE)
    assert "USER root" not in recipe
    assert "--require-hashes" in recipe


def test_the_image_of_the_api_holds_nothing_that_trains() -> None:
    lock = (ROOT / "requirements" / "recommendation-api.txt").read_text("utf-8")
    held = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    assert {"fastapi", "scikit-learn"} <= held
    assert not held & {
        "implicit",
        "faiss-cpu",
        "optuna",
        "keras",
        "jax",
        "matplotlib",
        "mlflow",
        "mlflow-skinny",
        "pandas",
    }


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_ports_are_published_on_loopback_and_can_be_moved(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        found = re.fullmatch(r"127\.0\.0\.1:\$\{([A-Z_]+):-(\d+)\}:(\d+)", port)
        assert found, port
        assert EXAMPLE[found[1]] == found[2] == found[3]


def test_every_variable_stands_in_the_example_with_the_same_default() -> None:
    for name, operator, default in re.findall(r"(?<!\$)\$\{([A-Z_]+)(:[-?])?([^}$]*)", TEXT):
        assert name in EXAMPLE, name
        if operator == ":-" and not default.startswith(("postgresql:", "redis:", "http:")) and EXAMPLE[name]:
            assert EXAMPLE[name] == default, name
    for secret in ("POSTGRES_PASSWORD", "RECSTACK_ADMIN_KEY", "RECSTACK_ERASURE_KEY"):
        uses = re.findall(rf"(?<!\$)\$\{{{secret}([^}}]*)", TEXT)
        assert uses
        assert all(use.startswith(":?") for use in uses)


def test_who_waits_waits_for_health_or_for_a_job_that_ended_well() -> None:
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if needed in JOBS else "service_healthy"
            assert how["condition"] == wanted


def test_redis_and_elasticsearch_are_bounded() -> None:
    redis = SERVICES["redis"]["command"]
    assert redis[redis.index("--maxmemory-policy") + 1] == "allkeys-lru"
    assert "--maxmemory" in redis
    assert re.search(r"-Xms(\w+) -Xmx\1$", SERVICES["elasticsearch"]["environment"]["ES_JAVA_OPTS"])


def test_data_lies_on_volumes() -> None:
    mounted = {mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])}
    assert set(COMPOSE["volumes"]) <= mounted
    local = {Path(source) for source in mounted if source.startswith("./")}
    assert all((ROOT / source).is_dir() for source in local)


def test_an_older_engine_is_given_another_interval_for_every_check() -> None:
    older = yaml.load((ROOT / "docker-compose.old-engine.yml").read_text("utf-8"), OldEngineLoader)  # noqa: S506
    assert sorted(older["services"]) == LASTING
    for service in older["services"].values():
        assert service == {"healthcheck": {"start_interval": "reset", "interval": "3s"}}


def test_prometheus_asks_services_that_are_there_at_ports_on_which_they_listen() -> None:
    jobs = {
        job["job_name"]
        for job in yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    }
    files = {path.stem: path for path in (ROOT / "prometheus" / "targets").glob("*.yml")}
    assert jobs == files.keys()
    for job, path in files.items():
        for group in yaml.safe_load(path.read_text("utf-8")):
            for target in group["targets"]:
                host, port = target.split(":")
                assert host == ("localhost" if job == "prometheus" else job)
                assert job in SERVICES
                assert f":{port}" in str(SERVICES[job]["healthcheck"]["test"])


def test_grafana_asks_a_service_that_is_there() -> None:
    assert SERVICES["grafana"]["environment"]["RECSTACK_PROMETHEUS_URL"] == "http://prometheus:9090"
