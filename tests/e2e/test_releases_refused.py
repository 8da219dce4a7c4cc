"""A training that must not be published ends with 4, says why, and what is live goes on; so does a damaged release."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest

from tests.e2e.problems import assert_problem
from tests.e2e.releases import releases
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.late(1)]

REFUSED = 4
ASTRAY = """
WITH given AS (SELECT event_id, row_number() OVER (ORDER BY event_id) n FROM interactions),
     taken AS (SELECT item_id, row_number() OVER (ORDER BY random()) n FROM interactions)
UPDATE interactions SET item_id = taken.item_id FROM given JOIN taken USING (n)
WHERE interactions.event_id = given.event_id"""
MENDED = "UPDATE interactions SET item_id = before.item_id FROM before WHERE before.event_id = interactions.event_id"
TWICE = """
INSERT INTO interactions (event_id, user_id, item_id, type, value, occurred_at)
SELECT 'twice-' || md5(event_id), user_id, item_id, type, value, occurred_at FROM interactions"""
ONCE = "DELETE FROM interactions WHERE event_id LIKE 'twice-%'"


@contextmanager
def changed(database_url: str, before: str, change: str, back: str) -> Iterator[None]:
    """The events are others inside, and what they were afterwards."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(before)
        connection.execute(change)
        try:
            yield
        finally:
            connection.execute(back)


def is_refused(stack: Stack, reason: str, sentence: str) -> None:
    """Train; what is live must stay, and the refusal be told."""
    with httpx.Client(base_url=stack.url, timeout=30) as api:
        _is_refused(stack, api, reason, sentence)


def _is_refused(stack: Stack, api: httpx.Client, reason: str, sentence: str) -> None:
    before = releases(api)
    done = stack.try_to_train()
    assert done.returncode == REFUSED, done.stdout[-2000:] + done.stderr[-4000:]
    assert sentence in done.stderr
    after = releases(api)
    assert {name: after[name] for name in ("releases", "deployments")} == {
        name: before[name] for name in ("releases", "deployments")
    }
    newest = after["refusals"][0]
    assert newest["champion"] == after["deployments"][0]["version"]
    assert reason in [each["reason"] for each in newest["reasons"]]
    assert len(after["refusals"]) == len(before["refusals"]) + 1


def test_labels_gone_astray_are_not_published(generated: Stack) -> None:
    save = "CREATE TEMP TABLE before AS SELECT event_id, item_id FROM interactions"
    with changed(generated.database_url, save, ASTRAY, MENDED):
        is_refused(generated, "nothing_personal", "tells no more than a stranger's")


def test_data_that_came_twice_is_not_published(stack: Stack) -> None:
    with changed(stack.database_url, "SELECT 1", TWICE, ONCE):
        is_refused(stack, "duplicates", "have duplicates")


def test_a_damaged_release_is_refused_by_its_hash(stack: Stack, api: httpx.Client, newest: str) -> None:
    older = next(each["version"] for each in releases(api)["releases"] if each["version"] != newest)
    before = releases(api)["deployments"]
    stack.flip_a_bit(older, "item_ids.npy")
    try:
        problem = assert_problem(api.post(f"/releases/{older}/promote", headers=stack.admin), 409)
        assert "item_ids.npy does not match its hash" in problem["detail"]
        assert releases(api)["deployments"] == before
        assert api.get("/health").json()["release"] == newest
    finally:
        stack.flip_a_bit(older, "item_ids.npy")


def test_each_published_release_tells_what_it_was_accepted_for(stack: Stack, api: httpx.Client, newest: str) -> None:
    live = next(each for each in releases(api)["releases"] if each["is_live"])
    assert live["version"] == newest
    decision = live["decision"]
    assert (decision["outcome"], decision["reasons"]) == ("accepted", [])
    assert decision["figures"]["p95_ms"] > 0
    assert decision["figures"]["data"]["duplicates"]["outcome"] == "passed"
