from __future__ import annotations

import json
from typing import Any

import pytest

from recommendation_api.schemas.recommendations import RecommendationRequest
from recommendation_api.serving.cache_key import cache_key, query_digest

PLAIN: dict[str, Any] = {"user_id": 1, "num_recommendations": 10, "algorithm": "hybrid"}


def request(**more: Any) -> RecommendationRequest:
    return RecommendationRequest.model_validate_json(json.dumps({**PLAIN, **more}))


def key(**more: Any) -> str:
    return cache_key("v1", request(**more), 0.25)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"user_id": 2}),
        ({}, {"filters": {}}),
        ({}, {"filters": {"exclude_item_ids": []}}),
        ({"filters": {"exclude_item_ids": [1, 2]}}, {"filters": {"exclude_item_ids": [2, 1, 2]}}),
        ({}, {"diversity": 0.25}),
        ({}, {"novelty": 0, "serendipity": 0.0}),
        ({}, {"use_cache": True}),
        ({"filters": {"categories": ["a", "b"]}}, {"filters": {"categories": ["b", "a", "a"]}}),
        ({"filters": {"min_price": 1}}, {"filters": {"min_price": 1.0}}),
    ],
)
def test_equal_questions_have_equal_keys(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert key(**one) == key(**other)


DIFFERENT: list[dict[str, Any]] = [
    {},
    {"num_recommendations": 11},
    {"algorithm": "als"},
    {"diversity": 0.5},
    {"diversity": 0.0},
    {"novelty": 0.5},
    {"serendipity": 0.5},
    {"explain": True},
    {"explain": "without"},
    {"page_token": "abc"},
    {"filters": {"categories": ["a"]}},
    {"filters": {"exclude_categories": ["a"]}},
    {"filters": {"categories": ["a,b"]}},
    {"filters": {"categories": ["a", "b"]}},
    {"filters": {"exclude_item_ids": [1]}},
    {"filters": {"min_price": 1}},
    {"filters": {"max_price": 1}},
    {"filters": {"include_seen": True}},
]


def test_whatever_changes_the_answer_changes_the_key() -> None:
    assert len({key(**more) for more in DIFFERENT}) == len(DIFFERENT)
    assert cache_key("v1", request(), 0) != cache_key("v2", request(), 0)


def test_a_key_stays_short() -> None:
    assert len(key(filters={"exclude_item_ids": list(range(1, 10_001))})) < 120


def test_a_page_token_is_bound_to_user_and_question_but_not_to_the_size_of_the_page() -> None:
    assert query_digest(request()) == query_digest(request(num_recommendations=3, explain=True))
    assert query_digest(request()) != query_digest(request(user_id=2))
    assert query_digest(request()) != query_digest(request(algorithm="als"))
    assert query_digest(request()) != query_digest(request(filters={"min_price": 3}))
    assert query_digest(request()) != query_digest(request(novelty=0.5))
