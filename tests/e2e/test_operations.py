"""Is it there, is it well, what does it offer."""

from __future__ import annotations

import re

import httpx
import pytest

from recsys.domain import Algorithm
from tests.e2e.problems import assert_problem

COURSE = {
    *(Algorithm.HYBRID, Algorithm.ALS, Algorithm.SVD, Algorithm.USER_BASED, Algorithm.ITEM_BASED),
    *(Algorithm.CONTENT_BASED, Algorithm.POPULARITY),
}


def test_health_names_release_and_dependencies(api: httpx.Client) -> None:
    health = api.get("/health").json()
    assert health["status"] == "ok"
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", health["release"])
    assert {"postgres", "redis", "mlflow"} <= health["dependencies"].keys()
    assert set(health["dependencies"].values()) == {"ok"}


def test_ready_while_a_release_serves(api: httpx.Client) -> None:
    assert api.get("/ready").status_code == httpx.codes.OK


def test_the_root_leads_to_the_page_of_the_api(api: httpx.Client) -> None:
    response = api.get("/")
    assert response.is_redirect
    assert response.headers["location"] == "/docs"
    page = api.get("/docs")
    assert page.status_code == httpx.codes.OK
    assert page.headers["content-type"].startswith("text/html")


def test_every_call_of_the_contract_is_documented(api: httpx.Client) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    offered = {(method, path) for path, methods in paths.items() for method in methods}
    assert {
        ("get", "/health"),
        ("get", "/ready"),
        ("post", "/recommendations"),
        ("get", "/users/{user_id}/profile"),
        ("get", "/items/{item_id}"),
        ("put", "/items/{item_id}"),
        ("get", "/items/{item_id}/similar"),
        ("get", "/popular"),
        ("get", "/search"),
        ("post", "/users"),
        ("patch", "/users/{user_id}"),
        ("post", "/interactions"),
        ("post", "/interactions/batch"),
        ("get", "/algorithms"),
        ("get", "/metrics"),
    } <= offered


def test_every_algorithm_of_the_course_is_offered_with_its_quality(api: httpx.Client) -> None:
    answer = api.get("/algorithms").json()
    assert answer["release"] == api.get("/health").json()["release"]
    names = {entry["name"] for entry in answer["algorithms"]}
    assert names >= COURSE
    for entry in answer["algorithms"]:
        assert {"name", "metrics", "settings"} <= entry.keys()
        assert 0 <= entry["metrics"]["ndcg@10"] <= 1


def test_metrics_count_requests_by_route_without_ids(api: httpx.Client) -> None:
    api.get("/items/1")
    page = api.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    line = next(
        line
        for line in page.text.splitlines()
        if line.startswith("recstack_requests_total{") and 'route="/items/{item_id}"' in line and 'status="200"' in line
    )
    assert float(line.rsplit(" ", 1)[1]) >= 1
    assert 'route="/items/1"' not in page.text


def test_hits_misses_and_refusals_are_all_counted(api: httpx.Client, newcomer: int) -> None:
    def count(start: str, *parts: str) -> float:
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in api.get("/metrics").text.splitlines()
            if line.startswith(start) and all(part in line for part in parts)
        )

    questions = (
        ("recstack_requests_total{", 'route="/recommendations"', 'status="200"'),
        ("recstack_requests_total{", 'route="/recommendations"', 'status="422"'),
        ("recstack_cache_total{", "hit"),
    )
    before = [count(*question) for question in questions]
    for _ in range(2):
        api.post("/recommendations", json={"user_id": newcomer})
    api.post("/recommendations", json={"user_id": 0})
    grown = [count(*question) - earlier for question, earlier in zip(questions, before, strict=True)]
    assert grown[0] >= 2
    assert grown[1] >= 1
    assert grown[2] >= 1


@pytest.mark.parametrize("path", ["/nowhere", "/users", "/items/1/nothing"])
def test_an_address_that_is_none_is_a_problem_document(api: httpx.Client, path: str) -> None:
    response = api.get(path)
    assert_problem(response, 405 if path == "/users" else 404)


def test_a_method_that_is_none_is_a_problem_document(api: httpx.Client) -> None:
    response = api.delete("/recommendations")
    assert_problem(response, 405)
    assert "POST" in response.headers["allow"]
