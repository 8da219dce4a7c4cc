from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from native import topology
from native.configuration import Configuration
from native.errors import CannotStart
from native.providers import elasticsearch, grafana, prometheus
from native.steps import Service, Step, Task


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that has nothing but the wheels."""
    monkeypatch.setenv("RECSTACK_STATE_DIR", str(tmp_path))
    for provider in (elasticsearch, prometheus):
        monkeypatch.setattr(provider, "find_binary", lambda: None)
    monkeypatch.setattr(grafana, "find_command", lambda: None)


def _steps(*, with_jupyter: bool = True) -> dict[str, Step]:
    return {step.name: step for step in topology.steps(Configuration(), with_jupyter=with_jupyter)}


def test_everything_that_is_needed_is_there_and_nothing_goes_in_circles() -> None:
    steps = _steps()
    needs = {name: {*step.needs, *(step.also_needs if isinstance(step, Task) else ())} for name, step in steps.items()}
    order = list(TopologicalSorter(needs).static_order())
    assert set(order) == set(steps)
    for earlier, later in [("postgres", "migrate"), ("migrate", "seed"), ("seed", "train"), ("mlflow", "train")]:
        assert earlier in needs[later]
    assert {"train", "redis"} <= needs["api"]
    assert list(steps) == ["postgres", "redis", "migrate", "mlflow", "seed", "train", "api", "jupyter", "trainer"]


@pytest.mark.parametrize(
    ("variable", "url", "gone"),
    [
        ("RECSTACK_DATABASE_URL", "postgresql://me@db.example/recstack", "postgres"),
        ("RECSTACK_REDIS_URL", "redis://cache.example:6379/0", "redis"),
        ("RECSTACK_MLFLOW_URL", "http://mlflow.example:5000", "mlflow"),
    ],
)
def test_a_server_of_ones_own_replaces_ours(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str, gone: str
) -> None:
    monkeypatch.setenv(variable, url)
    steps = _steps()
    assert gone not in steps
    for step in steps.values():
        assert gone not in step.needs
        if step.name in {"seed", "train", "api", "trainer"}:
            assert step.environment[variable] == url


def test_jupyter_can_be_left_out() -> None:
    assert "RECSTACK_JUPYTER_URL" in _steps()["api"].environment
    without = _steps(with_jupyter=False)
    assert "jupyter" not in without
    assert "RECSTACK_JUPYTER_URL" not in without["api"].environment


@pytest.fixture
def well_equipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has what no wheel brings."""
    monkeypatch.setattr(prometheus, "find_binary", lambda: "/usr/bin/prometheus")
    monkeypatch.setattr(elasticsearch, "find_binary", lambda: "/usr/bin/elasticsearch")
    monkeypatch.setattr(grafana, "find_command", lambda: ("/usr/bin/grafana", "server"))


@pytest.mark.usefixtures("well_equipped")
def test_what_has_no_wheel_is_started_where_it_is_found_and_nothing_waits_for_it() -> None:
    steps = _steps()
    extra = {"elasticsearch", "prometheus", "grafana"}
    assert extra <= steps.keys()
    assert not any(extra & set(step.needs) for name, step in steps.items() if name not in extra)
    for who_searches_or_indexes in ("api", "train", "trainer"):
        assert steps[who_searches_or_indexes].environment["RECSTACK_ELASTICSEARCH_URL"] == "http://127.0.0.1:9200"
    assert steps["grafana"].environment["RECSTACK_PROMETHEUS_URL"] == "http://127.0.0.1:9090"


def test_grafana_is_of_no_use_without_prometheus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grafana, "find_command", lambda: ("/usr/bin/grafana", "server"))
    assert "grafana" not in _steps()


@pytest.mark.usefixtures("well_equipped")
def test_an_elasticsearch_of_ones_own_replaces_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSTACK_ELASTICSEARCH_URL", "http://search.example:9200")
    assert "elasticsearch" not in _steps()


def test_users_are_played_where_a_rate_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "traffic" not in _steps()
    monkeypatch.setenv("RECSTACK_TRAFFIC_RATE", "2.5")
    traffic = _steps()["traffic"]
    assert traffic.command[-2:] == ("--rate", "2.5")
    assert traffic.needs == ("api",)


def test_services_find_each_other_past_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("no_proxy", "intranet.example")
    for step in _steps().values():
        if isinstance(step, Task) or step.name in {"api", "mlflow", "trainer", "jupyter"}:
            assert step.environment["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"


def test_the_token_stands_in_no_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_TOKEN", "a-secret-token")
    for step in _steps().values():
        assert not any("a-secret-token" in part for part in step.command)


@pytest.mark.usefixtures("well_equipped")
def test_every_service_with_a_port_names_the_variable_that_moves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    services = [step for step in _steps().values() if isinstance(step, Service)]
    for number, service in enumerate(services):
        assert service.port_variable
        monkeypatch.setenv(service.port_variable, str(40000 + number))
    moved = [step for step in _steps().values() if isinstance(step, Service)]
    assert [service.port for service in moved] == [40000 + number for number in range(len(services))]


def test_without_any_redis_the_machine_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("native.providers.redis.find_spec", lambda _: None)
    with pytest.raises(CannotStart, match=r"No Redis: put redis-server .* 3\.11 or 3\.12 .* RECSTACK_REDIS_URL"):
        _steps()
