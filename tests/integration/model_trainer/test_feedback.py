"""What is read of lists and of what came of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.types.json import Jsonb

from model_trainer.feedback import FROM_LISTS, MOST_SHOWN_ITEMS, SHORTFALL, read_feedback
from recsys.manifest import Manifest
from recsys.settings import GateSettings

pytestmark = pytest.mark.integration

TRAINED = datetime(2026, 3, 1, tzinfo=UTC)
ITEMS, LENGTH, LISTS = 300, 10, 60


class Past:
    """Two releases, lists of both, and clicks on them."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        connection.execute("INSERT INTO users (user_id) VALUES (1), (2)")
        connection.execute(
            "INSERT INTO items (item_id, title) SELECT n, 'Thing ' || n FROM generate_series(1, %s::int) n", (ITEMS,)
        )

    def shows(self, release: str, items: list[int], *, algorithm: str = "hybrid", user: int = 1) -> str:
        """One list, a minute after the training."""
        number = str(uuid.uuid4())
        self.connection.execute(
            "INSERT INTO recommendation_lists (recommendation_id, user_id, release, algorithm, item_ids, generated_at)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (number, user, release, algorithm, items, TRAINED + timedelta(minutes=1)),
        )
        return number

    def event(self, item: int, of: str | None = None, *, kind: str = "click", user: int = 1, days: float = 1) -> None:
        self.connection.execute(
            "INSERT INTO interactions"
            " (event_id, user_id, item_id, type, occurred_at, received_at, recommendation_id)"
            " VALUES (gen_random_uuid(), %s, %s, %s, now(), %s, %s)",
            (user, item, kind, TRAINED + timedelta(days=days), of),
        )

    def accepted(self, release: str, champion: str | None, figures: dict[str, object]) -> None:
        self.connection.execute(
            "INSERT INTO release_decisions (version, champion, outcome, figures) VALUES (%s, %s, 'accepted', %s)",
            (release, champion, Jsonb(figures)),
        )


@pytest.fixture
def past(database_url: str) -> Iterator[Past]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield Past(connection)


def _manifest(version: str) -> Manifest:
    return Manifest(version, TRAINED, {}, {}, {})


def test_clicks_on_a_releases_lists_stand_beside_what_was_expected(past: Past, database_url: str) -> None:
    """v1's first place was clicked in every second list; the judge found v2 half as good again."""
    items = list(range(1, LENGTH + 1))
    for number in range(LISTS):
        before, now = past.shows("v1", items), past.shows("v2", items)
        if number % 2:
            past.event(items[0], before)
        if number < 15:
            past.event(items[1], now)
    past.accepted("v2", "v1", {"hybrid": {"ndcg@10": 0.3}, "champion_ndcg_10": 0.2})
    found = read_feedback(database_url, _manifest("v2")).clicks
    assert found is not None
    assert (found.release, found.shown) == ("v2", LISTS * LENGTH)
    assert found.observed == pytest.approx(15 / 600)
    assert found.predicted == pytest.approx(1.5 * 30 / 600)
    assert found.shortfall == pytest.approx(1 - found.high / 0.075)


def test_only_clicks_on_the_users_own_hybrid_list_count_and_each_place_once(past: Past, database_url: str) -> None:
    items = list(range(1, LENGTH + 1))
    lists = [past.shows("v2", items) for _ in range(LISTS)]
    past.event(1, lists[0])
    past.event(1, lists[0], days=2)
    past.event(LENGTH + 1, lists[1])
    past.event(2, lists[2], user=2)
    past.event(3, lists[3], kind="view")
    past.event(4, past.shows("v2", items, algorithm="als"))
    past.event(5, past.shows("v9", items))
    past.event(6)
    found = read_feedback(database_url, _manifest("v2")).clicks
    assert found is not None
    assert (found.shown, found.predicted) == (LISTS * LENGTH, None)
    assert found.observed == pytest.approx(1 / (LISTS * LENGTH))


def test_what_the_lists_brought_is_a_share_of_all_events(past: Past, database_url: str) -> None:
    number = past.shows("v1", [1, 2, 3])
    for item in (1, 2, 3):
        past.event(item, number, days=-30)
    past.event(9)
    found = read_feedback(database_url, _manifest("v1"))
    assert found.from_lists == 0.75
    assert found.on_most_shown == 0
    outcomes = {check.name: check.outcome for check in found.checks(GateSettings())}
    assert outcomes == {FROM_LISTS: "warning", MOST_SHOWN_ITEMS: "passed"}
    assert all(check.refusal is None for check in found.checks(GateSettings()))


def test_items_that_are_shown_most_may_dominate_what_is_new(past: Past, database_url: str) -> None:
    """A hundredth of the catalogue are three items."""
    for item in (1, 2, 3, 4):
        for _ in range(5 - item):
            past.shows("v1", [item])
    for item, times in ((1, 40), (2, 20), (4, 20), (9, 19)):
        for _ in range(times):
            past.event(item)
        past.event(9, days=-1)
    assert read_feedback(database_url, _manifest("v1")).on_most_shown == 0
    past.event(9)
    found = read_feedback(database_url, _manifest("v1"))
    assert found.on_most_shown == pytest.approx(60 / 100)
    warned = [check.name for check in found.checks(GateSettings()) if check.outcome == "warning"]
    assert warned == [MOST_SHOWN_ITEMS]
    assert read_feedback(database_url, None).on_most_shown == pytest.approx(60 / 104)


def test_missing_clicks_are_a_warning(past: Past, database_url: str) -> None:
    items = list(range(1, LENGTH + 1))
    for _ in range(LISTS):
        past.event(1, past.shows("v1", items))
        past.shows("v2", items)
    past.accepted("v2", "v1", {"hybrid": {"ndcg@10": 0.2}, "champion_ndcg_10": 0.2})
    checks = {check.name: check for check in read_feedback(database_url, _manifest("v2")).checks(GateSettings())}
    assert checks[SHORTFALL].outcome == "warning"
    assert 0.9 < checks[SHORTFALL].figure < 1


def test_an_empty_database_has_no_feedback(database_url: str) -> None:
    found = read_feedback(database_url, None)
    assert (found.from_lists, found.on_most_shown, found.clicks) == (0, 0, None)
