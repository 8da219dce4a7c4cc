"""What `POST /recommendations` promises whatever the data: exactness, order, filters, explanations."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import httpx
import pytest

from recsys.domain import Algorithm
from recsys.testing.worlds import SmallWorld
from tests.e2e.conftest import PutItem, Recommend
from tests.e2e.problems import assert_problem

ALGORITHMS = [
    *(Algorithm.HYBRID, Algorithm.ALS, Algorithm.SVD, Algorithm.USER_BASED, Algorithm.ITEM_BASED),
    *(Algorithm.CONTENT_BASED, Algorithm.POPULARITY),
]
ALL = 500


def _ids(answer: dict[str, Any]) -> list[int]:
    return [entry["item_id"] for entry in answer["recommendations"]]


def test_the_answer_has_the_shape_of_the_contract(recommend: Recommend) -> None:
    answer = recommend(1, num_recommendations=5, algorithm="hybrid")
    assert answer["user_id"] == 1
    assert answer["algorithm"] == "hybrid"
    assert uuid.UUID(answer["recommendation_id"])
    assert datetime.fromisoformat(answer["generated_at"]).tzinfo is not None
    assert isinstance(answer["cached"], bool)
    assert answer["cold_start"] is False
    assert answer["degraded"] == []
    assert [entry["rank"] for entry in answer["recommendations"]] == [1, 2, 3, 4, 5]
    for entry in answer["recommendations"]:
        assert {"rank", "item_id", "title", "category", "score", "reason"} <= entry.keys()
        assert entry["title"]
        assert entry["reason"]


def test_the_course_s_call_answers_with_the_live_release(api: httpx.Client, recommend: Recommend) -> None:
    assert recommend(1, num_recommendations=5)["release"] == api.get("/health").json()["release"]


def test_ten_hybrid_items_by_default(recommend: Recommend) -> None:
    answer = recommend(1)
    assert (len(answer["recommendations"]), answer["algorithm"]) == (10, "hybrid")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_lists_are_exact_ordered_and_without_repeats(recommend: Recommend, algorithm: Algorithm) -> None:
    for count in (1, 7, 50):
        answer = recommend(1, num_recommendations=count, algorithm=algorithm)
        assert len(set(_ids(answer))) == len(_ids(answer)) == count
        scores = [entry["score"] for entry in answer["recommendations"]]
        assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_all_that_is_eligible_and_nothing_seen(world: SmallWorld, recommend: Recommend, algorithm: Algorithm) -> None:
    user_id = world.twins[0]
    answer = recommend(user_id, num_recommendations=ALL, algorithm=algorithm)
    assert set(_ids(answer)) == {item.item_id for item in world.items} - world.touched_by(user_id)
    assert len(_ids(answer)) == len(set(_ids(answer)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_filters_keep_the_list_exact(world: SmallWorld, recommend: Recommend, algorithm: Algorithm) -> None:
    user_id, wanted = world.lovers["Garden"][0], {"Space", "Garden"}
    banned = [*world.items_of("Space")[:3], 10**15]
    filters = {
        "categories": sorted(wanted),
        "exclude_item_ids": banned,
        "min_price": 20,
        "max_price": 120.5,
        "include_seen": False,
    }
    eligible = {
        item.item_id
        for item in world.items
        if item.category in wanted and item.price is not None and 20 <= item.price <= 120.5
    }
    eligible -= {*banned, *world.touched_by(user_id)}
    answer = recommend(user_id, num_recommendations=ALL, algorithm=algorithm, filters=filters)
    assert set(_ids(answer)) == eligible
    few = recommend(user_id, num_recommendations=len(eligible) - 1, algorithm=algorithm, filters=filters)
    assert _ids(few) == _ids(answer)[:-1]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_seen_items_come_when_they_are_asked_for(world: SmallWorld, recommend: Recommend, algorithm: Algorithm) -> None:
    user_id = world.lovers["Music"][0]
    answer = recommend(
        user_id, num_recommendations=ALL, algorithm=algorithm, filters={"include_seen": True, "categories": ["Music"]}
    )
    assert set(_ids(answer)) == set(world.items_of("Music"))


def test_a_filter_that_leaves_nothing_answers_an_empty_list(world: SmallWorld, recommend: Recommend) -> None:
    answer = recommend(1, filters={"categories": ["Books"], "min_price": 1e6})
    assert answer["recommendations"] == []


def test_excluded_categories_stay_away(world: SmallWorld, recommend: Recommend) -> None:
    answer = recommend(1, num_recommendations=ALL, filters={"exclude_categories": ["Books", "Space"]})
    assert {entry["category"] for entry in answer["recommendations"]} == set(world.categories) - {"Books", "Space"}


def test_what_is_not_available_is_not_recommended(recommend: Recommend, put_item: PutItem, newcomer: int) -> None:
    now, soon, gone = (
        put_item(category="Windows", **window)
        for window in ({}, {"available_from": "2100-01-01T00:00:00Z"}, {"available_until": "2020-01-01T00:00:00Z"})
    )
    ids = _ids(recommend(newcomer, num_recommendations=ALL, filters={"categories": ["Windows"]}))
    assert now in ids
    assert soon not in ids
    assert gone not in ids


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_explanation_sums_to_the_score(recommend: Recommend, algorithm: Algorithm) -> None:
    answer = recommend(1, algorithm=algorithm, explain=True)
    for entry in answer["recommendations"]:
        parts = entry["explanation"]["parts"]
        assert sum(part["share"] for part in parts) == pytest.approx(entry["score"], abs=1e-4)
        for part in parts:
            if part.get("because"):
                total = sum(cause["share"] for cause in part["because"])
                assert total == pytest.approx(part["share"], abs=1e-4)


def test_explanations_cite_the_user_s_own_events(world: SmallWorld, recommend: Recommend) -> None:
    user_id = world.lovers["Kitchen"][0]
    answer = recommend(user_id, num_recommendations=5, algorithm="item_based", explain=True)
    cited = {
        cause["item_id"]
        for entry in answer["recommendations"]
        for part in entry["explanation"]["parts"]
        for cause in part.get("because") or ()
    }
    assert cited
    assert cited <= world.touched_by(user_id)


def test_explanations_come_only_when_asked_for(recommend: Recommend) -> None:
    assert all(not entry.get("explanation") for entry in recommend(1)["recommendations"])


def test_pages_go_through_everything_without_repeats(world: SmallWorld, recommend: Recommend) -> None:
    user_id = world.lovers["Cycling"][1]
    whole = _ids(recommend(user_id, num_recommendations=ALL))
    pages: list[list[int]] = []
    token: dict[str, str] = {}
    for _ in range(len(whole)):
        answer = recommend(user_id, num_recommendations=40, **token)
        pages.append(_ids(answer))
        if not answer.get("next_page_token"):
            break
        token = {"page_token": answer["next_page_token"]}
    assert sorted(item_id for page in pages for item_id in page) == sorted(whole)
    assert [len(page) for page in pages[:-1]] == [40] * (len(pages) - 1)


def test_more_diversity_mixes_more_categories(world: SmallWorld, recommend: Recommend) -> None:
    user_id = world.lovers["Space"][0]
    spread = [
        len({entry["category"] for entry in recommend(user_id, diversity=diversity)["recommendations"]})
        for diversity in (0.0, 1.0)
    ]
    assert spread[0] < spread[1]


def test_an_unknown_user_gets_the_cold_start_answer(recommend: Recommend) -> None:
    answer = recommend(2**63 - 1, num_recommendations=20)
    assert answer["cold_start"] is True
    assert len(_ids(answer)) == 20


def test_an_algorithm_that_the_release_does_not_hold_is_refused_naming_those_it_holds(
    api: httpx.Client, served: list[Algorithm]
) -> None:
    missing = next(name for name in Algorithm if name not in served)
    problem = assert_problem(api.post("/recommendations", json={"user_id": 1, "algorithm": missing}), 422, "algorithm")
    assert all(name in problem["detail"] for name in served)


def test_the_answers_of_the_algorithms_differ(world: SmallWorld, recommend: Recommend) -> None:
    user_id = world.lovers["Music"][2]
    lists = [tuple(_ids(recommend(user_id, algorithm=name))) for name in ALGORITHMS]
    assert len(set(lists)) >= len(lists) - 1
    assert lists[0] != lists[-1]
