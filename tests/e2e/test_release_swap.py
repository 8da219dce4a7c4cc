"""A new training goes live without a restart and without a failed request."""

from __future__ import annotations

import threading
import time
from collections import Counter
from itertools import count

import httpx
import psycopg
import pytest

from recsys.testing.worlds import SmallWorld
from tests.e2e.conftest import Recommend
from tests.e2e.stack import Stack

PROMISED_SECONDS = 10


class _Traffic(threading.Thread):
    """Asks until it is told to stop; remembers every status and which releases answered, in order."""

    def __init__(self, url: str, n_users: int) -> None:
        super().__init__(daemon=True)
        self._url, self._n_users = url, n_users
        self.done = threading.Event()
        self.statuses: Counter[int | str] = Counter()
        self.releases: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=10) as client:
            for number in count():
                if self.done.is_set():
                    return
                self._ask(client, 1 + number % self._n_users)
                time.sleep(0.01)

    def _ask(self, client: httpx.Client, user_id: int) -> None:
        try:
            response = client.post("/recommendations", json={"user_id": user_id, "num_recommendations": 5})
        except httpx.HTTPError as error:
            self.statuses[type(error).__name__] += 1
            return
        self.statuses[response.status_code] += 1
        if response.is_success and response.json()["release"] not in self.releases[-1:]:
            self.releases.append(response.json()["release"])


@pytest.mark.slow
def test_a_second_training_goes_live_while_requests_go_on(
    stack: Stack, world: SmallWorld, api: httpx.Client, recommend: Recommend
) -> None:
    before = api.get("/health").json()["release"]
    cached = recommend(1)
    assert cached["release"] == before
    traffic = _Traffic(stack.url, len(world.users))
    traffic.start()
    try:
        stack.train()
        published = time.monotonic()
        while api.get("/health").json()["release"] == before:
            assert time.monotonic() - published < PROMISED_SECONDS, "the new release is not live"
            time.sleep(0.1)
        after = api.get("/health").json()["release"]
        deadline = time.monotonic() + PROMISED_SECONDS
        while traffic.releases[-1] != after and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        traffic.done.set()
        traffic.join(30)
    assert set(traffic.statuses) == {200}, traffic.statuses
    assert traffic.releases == [before, after]
    fresh = recommend(1)
    assert fresh["release"] == after
    assert fresh["recommendation_id"] != cached["recommendation_id"]
    assert len(fresh["recommendations"]) == 10
    assert api.get("/algorithms").json()["release"] == after
    with psycopg.connect(stack.database_url) as connection:
        live = connection.execute("SELECT version FROM deployments ORDER BY deployment_id").fetchall()
    assert [version for (version,) in live][-2:] == [before, after]
