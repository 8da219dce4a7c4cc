from __future__ import annotations

import pytest

from recsys.settings import Settings

from .conftest import Start, is_problem

pytestmark = pytest.mark.anyio

GUARDED = [
    ("POST", "/recommendations"),
    ("GET", "/popular"),
    ("GET", "/items/1"),
    ("GET", "/users/1/profile"),
    ("POST", "/interactions"),
    ("GET", "/metrics"),
    ("GET", "/nothing"),
]


def with_keys(settings: Settings, api_key: str | None = None, admin_key: str | None = None) -> Settings:
    return settings.model_copy(
        update=Settings(RECSTACK_API_KEY=api_key, RECSTACK_ADMIN_KEY=admin_key).model_dump(
            include={"api_key", "admin_key"}
        )
    )


@pytest.mark.parametrize("sent", [None, "", "wrong", "open sesam", "open sesame ", "öpen"])
async def test_a_configured_key_is_asked_for(start: Start, settings: Settings, sent: str | None) -> None:
    api = await start(with_keys(settings, "open sesame"))
    headers = {} if sent is None else {b"X-API-Key": sent.encode()}
    for method, address in GUARDED:
        problem = is_problem(await api.client.request(method, address, headers=headers), 403)
        assert "X-API-Key" in problem["detail"]
        assert "sesame" not in problem["detail"]


async def test_the_key_opens_and_so_does_the_admins(start: Start, settings: Settings) -> None:
    api = await start(with_keys(settings, "open sesame", "master"))
    for key in ("open sesame", "master"):
        assert (await api.client.get("/popular", headers={"X-API-Key": key})).is_success
        answer = await api.client.post("/recommendations", json={"user_id": 1}, headers={"x-api-key": key})
        assert answer.is_success


async def test_the_key_may_come_as_prometheus_sends_it(start: Start, settings: Settings) -> None:
    api = await start(with_keys(settings, "open sesame"))
    assert (await api.client.get("/metrics", headers={"Authorization": "Bearer open sesame"})).is_success
    for wrong in ("Bearer wrong", "Bearer ", "open sesame", "Basic open sesame"):
        is_problem(await api.client.get("/metrics", headers={"Authorization": wrong}), 403)


async def test_probes_and_the_description_stay_open(start: Start, settings: Settings) -> None:
    api = await start(with_keys(settings, "open sesame"))
    for address in ("/health", "/ready", "/docs", "/openapi.json"):
        assert (await api.client.get(address)).is_success


async def test_everything_is_open_without_a_key(start: Start, settings: Settings) -> None:
    api = await start(with_keys(settings, admin_key="master"))
    assert (await api.client.get("/popular")).is_success
