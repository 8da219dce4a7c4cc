from __future__ import annotations

import asyncio

import httpx
import pytest

from recommendation_api.routes import health
from recsys.adapters.memory import MemoryReleaseRegistry
from recsys.errors import Unavailable
from recsys.testing.releases import VERSION

from ..conftest import Api, Start, answers, is_away, is_problem

pytestmark = pytest.mark.anyio


async def test_everything_is_well(api: Api) -> None:
    answer = await api.client.get("/health")
    assert answer.json() == {
        "status": "ok",
        "release": VERSION,
        "dependencies": {"postgres": "ok", "redis": "ok", "mlflow": "ok"},
    }
    ready = await api.client.get("/ready")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "release": VERSION})


async def test_a_dependency_that_is_away_degrades(start: Start) -> None:
    api = await start(pings={"postgres": answers, "redis": is_away})
    answer = await api.client.get("/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["dependencies"] == {"postgres": "ok", "redis": "down"}


async def test_a_late_dependency_is_degraded(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    async def late() -> None:
        await asyncio.sleep(0.02)

    monkeypatch.setattr(health, "SLOW_SECONDS", 0.01)
    api = await start(pings={"postgres": late})
    answer = (await api.client.get("/health")).json()
    assert (answer["status"], answer["dependencies"]) == ("degraded", {"postgres": "degraded"})


async def test_before_the_first_release_it_is_alive_but_not_ready(start: Start) -> None:
    api = await start(registry=MemoryReleaseRegistry(None))
    answer = await api.client.get("/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["release"]) == (200, "degraded", None)
    for refused in (
        await api.client.get("/ready"),
        await api.client.post("/recommendations", json={"user_id": 1}),
        await api.client.get("/popular"),
        await api.client.get("/items/1/similar"),
    ):
        is_problem(refused, 503)
        assert int(refused.headers["retry-after"]) > 0


async def test_it_starts_without_postgres_and_serves_the_catalogue_that_the_release_brings(start: Start) -> None:
    class Away:
        async def changed_since(self, revision: int) -> None:
            raise Unavailable("away", dependency="postgres")

    lost = await start(catalog=Away())
    assert (await lost.client.get("/ready")).status_code == httpx.codes.OK
    assert len(await lost.recommended(1)) == 10
    assert (await lost.client.get("/health")).json()["status"] == "ok"


async def test_the_root_leads_to_the_docs(api: Api) -> None:
    answer = await api.client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


async def test_metrics_name_routes_by_template(api: Api) -> None:
    await api.client.get("/items/7")
    await api.client.get("/items/999999")
    await api.client.get("/wp-login.php")
    await api.client.post("/recommendations", json={"user_id": 1})
    text = (await api.client.get("/metrics")).text
    for line in (
        'recstack_requests_total{algorithm="",method="GET",route="/items/{item_id}",status="200"}',
        'recstack_requests_total{algorithm="",method="GET",route="/items/{item_id}",status="404"}',
        'recstack_requests_total{algorithm="",method="GET",route="unknown",status="404"}',
        'recstack_requests_total{algorithm="hybrid",method="POST",route="/recommendations",status="200"}',
        'recstack_request_seconds_count{route="/items/{item_id}"}',
    ):
        assert line in text
    assert "/items/7" not in text
    assert "wp-login" not in text
