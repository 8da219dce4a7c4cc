from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from native import topology
from native.configuration import Configuration
from native.errors import CannotStart
from native.steps import Service, Step, Task


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RECSTACK_STATE_DIR", str(tmp_path))


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
    assert "jupyter" not in _steps(with_jupyter=False)


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
