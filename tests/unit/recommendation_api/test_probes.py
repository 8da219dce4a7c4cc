"""`recstack_dependency_up` is right for what has no circuit breaker too, and for servers that hang."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from prometheus_client import REGISTRY

from recommendation_api import probes as module
from recommendation_api.probes import Probes, other_servers
from recsys.errors import Unavailable
from recsys.settings import Settings

from .conftest import sample

pytestmark = pytest.mark.anyio


def up(dependency: str) -> float | None:
    return REGISTRY.get_sample_value("recstack_dependency_up", {"dependency": dependency})


async def until(reached: Any) -> None:
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110 - a gauge has no event to wait for
            await asyncio.sleep(0.005)


class Dependency:
    def __init__(self) -> None:
        self.error: Exception | None = None
        self.hangs = False

    async def ping(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.error:
            raise self.error


async def test_each_is_asked_again_and_again_and_none_waits_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.02)
    one, other = Dependency(), Dependency()
    probes = Probes({"mlflow": one.ping, "redis": other.ping}, every_seconds=0.005)
    probes.start()
    await until(lambda: up("mlflow") == up("redis") == 1)
    one.error, other.hangs = Unavailable("away", dependency="mlflow"), True
    await until(lambda: up("mlflow") == up("redis") == 0)
    one.error, other.hangs = None, False
    await until(lambda: up("mlflow") == up("redis") == 1)
    await probes.aclose()


async def test_an_unexpected_error_counts_and_the_probes_go_on() -> None:
    odd = Dependency()
    odd.error = RuntimeError("odd")
    before = sample("recstack_background_errors_total", task="probes")
    probes = Probes({"mlflow": odd.ping}, every_seconds=0.005)
    probes.start()
    await until(lambda: sample("recstack_background_errors_total", task="probes") >= before + 2)
    assert up("mlflow") == 0
    odd.error = None
    await until(lambda: up("mlflow") == 1)
    await probes.aclose()


def test_only_servers_with_an_address_are_asked() -> None:
    assert other_servers(Settings()) == {}
    assert sorted(other_servers(Settings(RECSTACK_JUPYTER_URL="http://127.0.0.1:8888"))) == ["jupyter"]
