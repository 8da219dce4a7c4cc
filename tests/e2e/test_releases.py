"""An operator changes what is live over HTTP: nobody's request fails, and strangers cannot."""

from __future__ import annotations

import re
import time

import httpx
import psycopg
import pytest

from recsys.testing.worlds import SmallWorld
from tests.e2e.problems import assert_problem
from tests.e2e.releases import PROMISED_SECONDS, releases
from tests.e2e.stack import Stack
from tests.e2e.traffic import Traffic

pytestmark = [pytest.mark.slow, pytest.mark.late(1)]

WORKERS_ASKED = 12
"""Each over a connection of its own: with several workers every one is likely among them."""


def everybody_serves(url: str, version: str) -> bool:
    served = {httpx.get(f"{url}/health", timeout=10).json()["release"] for _ in range(WORKERS_ASKED)}
    return served == {version}


def wait_until_live(stack: Stack, version: str) -> None:
    deadline = time.monotonic() + PROMISED_SECONDS
    while not everybody_serves(stack.url, version):
        assert time.monotonic() < deadline, f"{version} is not live everywhere"
        time.sleep(0.1)


def test_promote_and_rollback_fail_no_request(stack: Stack, world: SmallWorld, api: httpx.Client, newest: str) -> None:
    with Traffic(stack.url, len(world.users)) as traffic:
        back = api.post("/releases/rollback", headers=stack.admin)
        assert back.status_code == 200, back.text
        older = back.json()["release"]
        assert back.json()["previous"] == newest
        wait_until_live(stack, older)
        forth = api.post(f"/releases/{newest}/promote", headers=stack.admin)
        assert (forth.status_code, forth.json()) == (200, {"release": newest, "previous": older}), forth.text
        wait_until_live(stack, newest)
        deadline = time.monotonic() + PROMISED_SECONDS
        while traffic.releases[-1:] != [newest] and time.monotonic() < deadline:
            time.sleep(0.05)
    assert set(traffic.statuses) == {200}, traffic.statuses
    assert {older, newest} <= set(traffic.releases)
    told = releases(api)["deployments"]
    assert [(each["version"], each["action"]) for each in told[:2]] == [(newest, "promote"), (older, "rollback")]
    assert told[1]["live_until"] == told[0]["live_from"]
    with psycopg.connect(stack.database_url) as connection:
        rows = connection.execute("SELECT version, action FROM deployments ORDER BY deployment_id DESC LIMIT 2")
        assert rows.fetchall() == [(newest, "promote"), (older, "rollback")]


def test_promoting_what_is_live_is_no_deployment(stack: Stack, api: httpx.Client, newest: str) -> None:
    before = releases(api)["deployments"]
    answer = api.post(f"/releases/{newest}/promote", headers=stack.admin)
    assert (answer.status_code, answer.json()["release"]) == (200, newest)
    assert releases(api)["deployments"] == before


def test_who_has_no_key_and_what_does_not_exist_is_refused(stack: Stack, api: httpx.Client, newest: str) -> None:
    before = releases(api)
    for headers in ({}, {"X-API-Key": "wrong"}):
        for address in (f"/releases/{newest}/promote", "/releases/rollback"):
            assert_problem(api.post(address, headers=headers), 403)
    assert_problem(api.post("/releases/20200101-000000-0000/promote", headers=stack.admin), 404)
    assert_problem(api.post("/releases/rollback", headers=stack.admin, json={"to": newest}), 422, "body")
    assert releases(api) == before


def test_the_report_of_what_is_live_is_one_page_without_anything_from_elsewhere(api: httpx.Client, newest: str) -> None:
    answer = api.get(f"/releases/{newest}/report")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f"Release {newest}" in answer.text
    assert "impossible values" in answer.text
    assert not re.search("https?:|<script", answer.text)
    assert_problem(api.get("/releases/20200101-000000-0000/report"), 404)
