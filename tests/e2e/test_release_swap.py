"""A new training goes live without a restart and without a failed request."""

from __future__ import annotations

import time

import httpx
import psycopg
import pytest

from recsys.testing.worlds import SmallWorld
from tests.e2e.conftest import Recommend
from tests.e2e.stack import Stack
from tests.e2e.traffic import Traffic

PROMISED_SECONDS = 10


@pytest.mark.slow
@pytest.mark.late(1)
def test_a_second_training_goes_live_while_requests_go_on(
    stack: Stack, world: SmallWorld, api: httpx.Client, recommend: Recommend
) -> None:
    before = api.get("/health").json()["release"]
    cached = recommend(1)
    assert cached["release"] == before
    with Traffic(stack.url, len(world.users)) as traffic:
        stack.train()
        published = time.monotonic()
        while api.get("/health").json()["release"] == before:
            assert time.monotonic() - published < PROMISED_SECONDS, "the new release is not live"
            time.sleep(0.1)
        after = api.get("/health").json()["release"]
        deadline = time.monotonic() + PROMISED_SECONDS
        while traffic.releases[-1] != after and time.monotonic() < deadline:
            time.sleep(0.05)
    assert set(traffic.statuses) == {200}, traffic.statuses
    assert traffic.releases == [before, after]
    fresh = recommend(1)
    assert fresh["release"] == after
    assert fresh["recommendation_id"] != cached["recommendation_id"]
    assert len(fresh["recommendations"]) == 10
    assert api.get("/algorithms").json()["release"] == after
    deadline = time.monotonic() + PROMISED_SECONDS
    while (recorded := _recorded(stack)[-2:]) != [before, after]:
        assert time.monotonic() < deadline, recorded
        time.sleep(0.1)


def _recorded(stack: Stack) -> list[str]:
    """What was live, in order."""
    with psycopg.connect(stack.database_url) as connection:
        live = connection.execute("SELECT version FROM deployments ORDER BY deployment_id").fetchall()
    return [version for (version,) in live]
