"""Filters keep exactly min(n, eligible), page by page, and refuse what makes no sense."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from recsys.testing.worlds import SmallWorld
from tests.e2e.conftest import PutItem, Recommend
from tests.e2e.problems import assert_problem
from tests.e2e.releases import PROMISED_SECONDS
from tests.e2e.stack import Stack

ALL = 500
QUICK_SECONDS = 1.0


def ids(answer: dict[str, Any]) -> list[int]:
    return [entry["item_id"] for entry in answer["recommendations"]]


def test_ten_thousand_excluded_items_are_left_out_quickly(recommend: Recommend, newcomer: int) -> None:
    best = ids(recommend(newcomer, num_recommendations=20))
    excluded = [*best[:10], *range(10**9, 10**9 + 9_990)]
    assert len(excluded) == 10_000
    began = time.monotonic()
    answer = recommend(newcomer, filters={"exclude_item_ids": excluded})
    assert time.monotonic() - began < QUICK_SECONDS
    assert ids(answer) == best[10:]


def test_one_more_is_refused(api: httpx.Client, newcomer: int) -> None:
    body = {"user_id": newcomer, "filters": {"exclude_item_ids": [*range(1, 10_002)]}}
    assert_problem(api.post("/recommendations", json=body), 422, "filters.exclude_item_ids")


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"categories": ["Books"], "exclude_categories": ["Books"]}, "filters.exclude_categories"),
        ({"min_price": 10, "max_price": 9.5}, "filters.min_price"),
        ({"categories": ["No such category"]}, "filters.categories"),
        ({"exclude_categories": ["No such category"]}, "filters.exclude_categories"),
    ],
)
def test_contradictions_and_unknown_categories_are_refused(
    api: httpx.Client, newcomer: int, filters: dict[str, Any], field: str
) -> None:
    assert_problem(api.post("/recommendations", json={"user_id": newcomer, "filters": filters}), 422, field)


def test_what_a_filter_leaves_is_listed_to_the_last_item(
    recommend: Recommend, put_item: PutItem, world: SmallWorld
) -> None:
    """One item of a whole catalogue, which no model knows, for somebody with a taste for other things."""
    item_id = put_item(category="Filtered for", price=12.34)
    for user_id in (world.lovers["Garden"][0], world.cold_user):
        for count in (1, 10):
            filters = {"categories": ["Filtered for"], "min_price": 12, "max_price": 13}
            assert ids(recommend(user_id, num_recommendations=count, filters=filters)) == [item_id]


def test_pages_repeat_nothing_while_everything_changes_between_them(
    api: httpx.Client, recommend: Recommend, newcomer: int, put_item: PutItem
) -> None:
    shown: list[int] = []
    scores: list[float] = []
    token: dict[str, str] = {}
    for number in range(6):
        answer = recommend(newcomer, num_recommendations=7, **token)
        assert len(ids(answer)) == 7
        shown += ids(answer)
        scores += [entry["score"] for entry in answer["recommendations"]]
        token = {"page_token": answer["next_page_token"]}
        event = {"user_id": newcomer, "item_id": shown[7 * number], "type": "like" if number % 2 else "dislike"}
        api.post("/interactions", json=event).raise_for_status()
        api.put(f"/users/{newcomer}/hidden_items/{shown[7 * number + 1]}").raise_for_status()
        put_item(category="Filtered for")
    assert len(shown) == len(set(shown)) == 42
    assert scores == sorted(scores, reverse=True)


def test_a_token_belongs_to_its_user_and_its_question(
    api: httpx.Client, recommend: Recommend, newcomer: int, world: SmallWorld
) -> None:
    token = recommend(newcomer)["next_page_token"]
    for body in (
        {"user_id": world.lovers["Garden"][0]},
        {"user_id": newcomer, "algorithm": "popularity"},
        {"user_id": newcomer, "filters": {"include_seen": True}},
        {"user_id": newcomer, "diversity": 0.5},
    ):
        assert_problem(api.post("/recommendations", json={**body, "page_token": token}), 422, "page_token")
    assert recommend(newcomer, num_recommendations=3, page_token=token)["recommendations"]


@pytest.mark.slow
@pytest.mark.late(1)
def test_a_token_of_another_release_is_refused_and_says_so(
    api: httpx.Client, recommend: Recommend, stack: Stack, newcomer: int, newest: str
) -> None:
    body = {"user_id": newcomer, "page_token": recommend(newcomer)["next_page_token"]}
    older = api.post("/releases/rollback", headers=stack.admin).json()["release"]
    try:
        _wait_until_everybody_serves(api, older)
        problem = assert_problem(api.post("/recommendations", json=body), 422, "page_token")
        assert "release" in problem["errors"][0]["message"]
    finally:
        api.post(f"/releases/{newest}/promote", headers=stack.admin).raise_for_status()
        _wait_until_everybody_serves(api, newest)
    assert recommend(**body)["recommendations"]


def _wait_until_everybody_serves(api: httpx.Client, version: str) -> None:
    deadline = time.monotonic() + PROMISED_SECONDS
    while {api.get("/health").json()["release"] for _ in range(4)} != {version}:
        assert time.monotonic() < deadline
        time.sleep(0.1)
