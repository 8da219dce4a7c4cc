"""Whatever is sent: a problem document that names the field, never a 500, nothing stored."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.e2e.problems import assert_problem

TOO_LARGE_ID = 2**63
NOBODY = 2**62
NUMBERS = [0, -1, 10**9, 1.5, 5.0, "5", True, None, [5], {"n": 5}]
IDS = [0, -1, TOO_LARGE_ID, 10**30, 1.0, "1", True, None, [1]]
NO_JSON = [
    b'{"user_id": 1',
    b"",
    b"null",
    b"[]",
    b"1",
    b"user_id=1",
    b'{"user_id": NaN}',
    b'{"user_id": 1,}',
    b"\xff\xfe",
]
WRITERS = [
    ("POST", "/recommendations"),
    ("POST", "/interactions"),
    ("POST", "/interactions/batch"),
    ("POST", "/users"),
    ("PATCH", "/users/1"),
    ("PUT", "/items/1"),
]


def _recommend(api: httpx.Client, **body: object) -> httpx.Response:
    return api.post("/recommendations", json={"user_id": 1, **body})


@pytest.mark.parametrize("content", NO_JSON, ids=repr)
@pytest.mark.parametrize(("method", "path"), WRITERS)
def test_a_body_that_is_not_the_json_we_take(api: httpx.Client, method: str, path: str, content: bytes) -> None:
    response = api.request(method, path, content=content, headers={"content-type": "application/json"})
    if path == "/users/1" and content == b"null":
        assert_problem(response, 422)
        return
    problem = assert_problem(response, 422)
    assert problem["errors"]


@pytest.mark.parametrize(("method", "path"), WRITERS)
def test_invalid_utf_8_inside_a_text(api: httpx.Client, method: str, path: str) -> None:
    body = b'{"user_id": 1, "title": "caf\xe9", "category": "Books", "external_id": "\xff", "algorithm": "\xff"}'
    assert_problem(api.request(method, path, content=body, headers={"content-type": "application/json"}), 422, "body")


@pytest.mark.parametrize(("method", "path"), WRITERS)
def test_a_body_of_ten_megabytes(api: httpx.Client, method: str, path: str) -> None:
    body = b'{"user_id": 1, "page_token": "' + b"x" * 10_000_000 + b'"}'
    assert_problem(api.request(method, path, content=body, headers={"content-type": "application/json"}), 413)


def test_a_body_of_ten_megabytes_whose_length_is_not_said(api: httpx.Client) -> None:
    pieces = (b"x" * 100_000 for _ in range(100))
    try:
        response = api.post("/recommendations", content=pieces, headers={"content-type": "application/json"})
    except httpx.WriteError:
        pass
    else:
        assert_problem(response, 413)
    assert api.get("/ready").status_code == httpx.codes.OK


@pytest.mark.parametrize(("method", "path"), WRITERS)
def test_a_body_that_is_nested_without_end(api: httpx.Client, method: str, path: str) -> None:
    body = b'{"user_id": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    assert_problem(api.request(method, path, content=body, headers={"content-type": "application/json"}), 422)


@pytest.mark.parametrize(("method", "path"), WRITERS)
def test_a_field_that_nobody_knows(api: httpx.Client, method: str, path: str) -> None:
    assert_problem(api.request(method, path, json={"colour": "red"}), 422, "colour")


@pytest.mark.parametrize("value", NUMBERS, ids=repr)
def test_a_count_that_is_none(api: httpx.Client, value: object) -> None:
    assert_problem(_recommend(api, num_recommendations=value), 422, "num_recommendations")


@pytest.mark.parametrize("value", IDS, ids=repr)
def test_an_id_that_is_none(api: httpx.Client, value: object) -> None:
    assert_problem(_recommend(api, user_id=value), 422, "user_id")


@pytest.mark.parametrize("value", ["magic", "HYBRID", "", 1, None, True], ids=repr)
def test_an_algorithm_that_is_none(api: httpx.Client, value: object) -> None:
    assert_problem(_recommend(api, algorithm=value), 422, "algorithm")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"explain": "yes"}, "explain"),
        ({"use_cache": 1}, "use_cache"),
        ({"diversity": 1.1}, "diversity"),
        ({"diversity": -0.1}, "diversity"),
        ({"diversity": "0.5"}, "diversity"),
        ({"diversity": True}, "diversity"),
        ({"page_token": "never given"}, "page_token"),
        ({"page_token": 1}, "page_token"),
        ({"filters": []}, "filters"),
        ({"filters": {"colour": "red"}}, "filters.colour"),
        ({"filters": {"categories": "Books"}}, "filters.categories"),
        ({"filters": {"categories": []}}, "filters.categories"),
        ({"filters": {"categories": ["No such category"]}}, "filters.categories"),
        ({"filters": {"exclude_categories": ["No such category"]}}, "filters.exclude_categories"),
        ({"filters": {"min_price": 9, "max_price": 8}}, "filters.min_price"),
        ({"filters": {"min_price": "9"}}, "filters.min_price"),
        ({"filters": {"max_price": -1}}, "filters.max_price"),
        ({"filters": {"include_seen": "no"}}, "filters.include_seen"),
        ({"filters": {"exclude_item_ids": [0]}}, "filters.exclude_item_ids.0"),
        ({"filters": {"exclude_item_ids": ["1"]}}, "filters.exclude_item_ids.0"),
        ({"filters": {"exclude_item_ids": list(range(1, 10_002))}}, "filters.exclude_item_ids"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_question_that_makes_no_sense(api: httpx.Client, body: dict[str, Any], field: str) -> None:
    assert_problem(_recommend(api, **body), 422, field)


def test_a_category_wanted_and_excluded(api: httpx.Client) -> None:
    category = api.get("/popular").json()["items"][0]["category"]
    filters = {"categories": [category], "exclude_categories": [category]}
    assert_problem(_recommend(api, filters=filters), 422, "filters.exclude_categories")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_numbers_that_are_none(api: httpx.Client, number: str) -> None:
    headers = {"content-type": "application/json"}
    for field in ("diversity", "user_id", "num_recommendations"):
        body = json.dumps({"user_id": 1}).removesuffix("}") + f', "{field}": {number}}}'
        assert_problem(api.post("/recommendations", content=body, headers=headers), 422)


def test_all_wrong_fields_are_named_at_once(api: httpx.Client) -> None:
    problem = assert_problem(_recommend(api, num_recommendations=0, algorithm="magic", colour="red"), 422)
    assert {error["field"] for error in problem["errors"]} == {"num_recommendations", "algorithm", "colour"}


@pytest.mark.parametrize("text", ["0", "-1", str(TOO_LARGE_ID), "1.0", "one", "1e3", "%00", "%F0%9F", "9" * 400])
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/users/{}/profile", "user_id"),
        ("/users/{}/similar", "user_id"),
        ("/items/{}", "item_id"),
        ("/items/{}/similar", "item_id"),
    ],
)
def test_an_id_in_the_address_that_is_none(api: httpx.Client, path: str, field: str, text: str) -> None:
    assert_problem(api.get(path.format(text)), 422, field)


@pytest.mark.parametrize(
    ("method", "path", "field", "body"),
    [
        ("GET", f"/users/{NOBODY}/profile", "user_id", None),
        ("GET", f"/users/{NOBODY}/similar", "user_id", None),
        ("PATCH", f"/users/{NOBODY}", "user_id", {"age": 30}),
        ("GET", f"/items/{NOBODY}", "item_id", None),
        ("GET", f"/items/{NOBODY}/similar", "item_id", None),
        ("POST", "/interactions", "item_id", {"user_id": 1, "item_id": NOBODY, "type": "view"}),
        ("POST", "/interactions", "user_id", {"user_id": NOBODY, "item_id": 1, "type": "view"}),
    ],
)
def test_who_and_what_nobody_knows(
    api: httpx.Client, method: str, path: str, field: str, body: dict[str, Any] | None
) -> None:
    assert_problem(api.request(method, path, json=body), 404, field)


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/items/1/similar?num_similar=0", "num_similar"),
        ("/items/1/similar?num_similar=501", "num_similar"),
        ("/items/1/similar?num_similar=1.5", "num_similar"),
        ("/items/1/similar?num_similar=", "num_similar"),
        ("/items/1/similar?num_similar=3&num_similar=4", "num_similar"),
        ("/items/1/similar?algorithm=popularity", "algorithm"),
        ("/items/1/similar?algorithm=magic", "algorithm"),
        ("/items/1/similar?colour=red", "colour"),
        ("/users/1/similar?num_users=-1", "num_users"),
        ("/popular?num_items=many", "num_items"),
        ("/popular?category=No+such+category", "category"),
        ("/popular?category=", "category"),
        ("/search", "q"),
        ("/search?q=", "q"),
        ("/search?q=+++", "q"),
        ("/search?q=" + "x" * 201, "q"),
        ("/search?q=rose&num_items=1000000000", "num_items"),
        ("/search?q=rose&category=No+such+category", "category"),
    ],
)
def test_parameters_that_make_no_sense(api: httpx.Client, address: str, field: str) -> None:
    assert_problem(api.get(address), 422, field)


@pytest.mark.parametrize("address", ["/search?q=%00", "/search?q=a%00b", "/search?q=%FF", "/popular?category=%00"])
def test_bytes_that_postgresql_cannot_take(api: httpx.Client, address: str) -> None:
    response = api.get(address)
    assert response.status_code in {httpx.codes.OK, httpx.codes.UNPROCESSABLE_ENTITY}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"user_id": "1"}, "user_id"),
        ({"user_id": 0}, "user_id"),
        ({"item_id": True}, "item_id"),
        ({"item_id": TOO_LARGE_ID}, "item_id"),
        ({"item_id": 1.5}, "item_id"),
        ({"type": "stare"}, "type"),
        ({"type": None}, "type"),
        ({"type": "rating"}, "value"),
        ({"type": "rating", "value": 0.4}, "value"),
        ({"type": "rating", "value": 5.5}, "value"),
        ({"type": "rating", "value": "4"}, "value"),
        ({"type": "rating", "value": True}, "value"),
        ({"value": 4}, "value"),
        ({"occurred_at": "2100-01-01T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": "9999-12-31T23:59:59Z"}, "occurred_at"),
        ({"occurred_at": "2026-01-01T00:00:00"}, "occurred_at"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": 1_700_000_000}, "occurred_at"),
        ({"event_id": ""}, "event_id"),
        ({"event_id": "x" * 129}, "event_id"),
        ({"event_id": 7}, "event_id"),
        ({"recommendation_id": "not a uuid"}, "recommendation_id"),
        ({"colour": "red"}, "colour"),
    ],
    ids=str,
)
def test_an_event_that_cannot_have_happened_is_not_stored(
    api: httpx.Client, newcomer: int, change: dict[str, Any], field: str
) -> None:
    response = api.post("/interactions", json={"user_id": newcomer, "item_id": 1, "type": "view", **change})
    assert_problem(response, 422, field)
    assert api.get(f"/users/{newcomer}/profile").json()["counts"]["total"] == 0


@pytest.mark.parametrize("left_out", ["user_id", "item_id", "type"])
def test_an_event_must_be_whole(api: httpx.Client, newcomer: int, left_out: str) -> None:
    event = {"user_id": newcomer, "item_id": 1, "type": "view"}
    del event[left_out]
    assert_problem(api.post("/interactions", json=event), 422, left_out)


@pytest.mark.parametrize("rows", [[], [1] * 1_001, "rows", None, {"0": {}}], ids=lambda rows: repr(rows)[:20])
def test_a_batch_that_is_none(api: httpx.Client, rows: object) -> None:
    assert_problem(api.post("/interactions/batch", json={"interactions": rows}), 422, "interactions")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"age": 12}, "age"),
        ({"age": 121}, "age"),
        ({"age": "30"}, "age"),
        ({"age": 30.0}, "age"),
        ({"gender": "F"}, "gender"),
        ({"country": "de"}, "country"),
        ({"country": "XX"}, "country"),
        ({"preferences": {"Books": 1}}, "preferences.Books"),
        ({"preferences": {"categories": {"Books": 1.5}}}, "preferences.categories.Books"),
        ({"preferences": {"categories": {"Books": "much"}}}, "preferences.categories.Books"),
        ({"preferences": {"categories": {"No such category": 1}}}, "preferences.categories.No such category"),
        ({"liked_item_ids": [NOBODY]}, "liked_item_ids"),
        ({"liked_item_ids": ["1"]}, "liked_item_ids.0"),
        ({"external_id": ""}, "external_id"),
        ({"external_id": "x\u0000y"}, "external_id"),
    ],
    ids=str,
)
def test_a_sign_up_that_cannot_be_is_not_stored(api: httpx.Client, body: dict[str, Any], field: str) -> None:
    before = api.post("/users", json={}).json()["user_id"]
    problem = assert_problem(api.post("/users", json=body), 422)
    assert any(error["field"].startswith(field) for error in problem["errors"]), problem
    after = api.post("/users", json={}).json()["user_id"]
    assert_problem(api.get(f"/users/{after + 1}/profile"), 404)
    assert [user for user in range(before + 1, after) if api.get(f"/users/{user}/profile").is_success] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": None}, "title"),
        ({"title": "  "}, "title"),
        ({"title": "x" * 501}, "title"),
        ({"title": "a\u0000b"}, "title"),
        ({"category": ""}, "category"),
        ({"category": None}, "category"),
        ({"price": "5"}, "price"),
        ({"price": -1}, "price"),
        ({"price": True}, "price"),
        ({"price": 1e12}, "price"),
        ({"tags": "one"}, "tags"),
        ({"tags": [""]}, "tags.0"),
        ({"tags": ["x"] * 51}, "tags"),
        ({"description": "x" * 20_001}, "description"),
        ({"available_from": "soon"}, "available_from"),
        (
            {"available_from": "2026-02-01T00:00:00Z", "available_until": "2026-01-01T00:00:00Z"},
            "available_until",
        ),
        ({"item_id": 5}, "item_id"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_an_item_that_cannot_be_is_not_stored(api: httpx.Client, change: dict[str, Any], field: str) -> None:
    response = api.put(f"/items/{NOBODY}", json={"title": "Lamp", "category": "Books", **change})
    assert_problem(response, 422, field)
    assert_problem(api.get(f"/items/{NOBODY}"), 404)


def test_half_a_pair_of_surrogates(api: httpx.Client) -> None:
    body = b'{"title": "\\ud800", "category": "Books"}'
    headers = {"content-type": "application/json"}
    assert_problem(api.put(f"/items/{NOBODY}", content=body, headers=headers), 422)


def test_another_type_of_body_is_refused(api: httpx.Client) -> None:
    assert_problem(api.post("/recommendations", data={"user_id": "1"}), 415)


def test_after_all_that_the_service_is_well(api: httpx.Client) -> None:
    assert api.get("/health").json()["status"] == "ok"
    failures = [
        line
        for line in api.get("/metrics").text.splitlines()
        if line.startswith("recstack_requests_total{") and 'status="5' in line and not line.endswith(" 0.0")
        if 'route="/ready"' not in line  # 503 until the first release serves
    ]
    assert failures == []
