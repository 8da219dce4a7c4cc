"""Search and likeness: in Elasticsearch where the stack has one, in PostgreSQL and the release where it has not."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.e2e.compose import ComposeStack
from tests.e2e.conftest import PAST, PutItem
from tests.e2e.problems import assert_problem
from tests.e2e.stack import Stack

HEALED_SECONDS = 30.0


def made_up() -> str:
    """A word of twelve letters that stands in no other item."""
    return "".join(chr(ord("b") + int(digit, 16)) for digit in uuid.uuid4().hex[:12])


def misspelt(word: str) -> str:
    """Two letters off: two neighbours have changed places, and one letter is another."""
    return word[:3] + word[4] + word[3] + word[5:8] + "z" + word[9:]


def search(api: httpx.Client, q: str, **more: str | int) -> dict[str, Any]:
    response = api.get("/search", params={"q": q, **more})
    assert response.status_code == httpx.codes.OK, response.text
    found: dict[str, Any] = response.json()
    return found


def ids(answer: dict[str, Any], name: str = "items") -> list[int]:
    return [entry["item_id"] for entry in answer[name]]


def has_elasticsearch(api: httpx.Client) -> bool:
    state: str = api.get("/health").json()["dependencies"].get("elasticsearch", "down")
    return state != "down"


@pytest.fixture
def word(api: httpx.Client) -> str:
    return made_up()


def test_an_item_is_found_at_once_changed_at_once_and_gone_at_once(
    api: httpx.Client, put_item: PutItem, word: str
) -> None:
    item_id = put_item(title=f"{word} canoe", tags=["paddle"])
    assert ids(search(api, word)) == [item_id]
    other = made_up()
    put_item(item_id, title=f"{other} canoe")
    assert ids(search(api, word)) == []
    assert ids(search(api, other)) == [item_id]
    put_item(item_id, title=f"{other} canoe", available_until=PAST)
    assert ids(search(api, other)) == []


def test_typos_are_forgiven_and_words_are_stemmed(api: httpx.Client, put_item: PutItem, word: str) -> None:
    item_id = put_item(title=f"{word} lanterns", description="Shining at night.")
    for words in (
        misspelt(word),
        f"{misspelt(word)} lantern",
        f"{word} shines",
        f"{word} lantren",
        f'"{word} lantern"',
    ):
        assert ids(search(api, words)) == [item_id], words
    assert ids(search(api, f"{word} -lantern")) == []
    assert ids(search(api, f"{word} harmonica")) == []


def test_facets_count_every_match_and_the_category_narrows_the_list(
    api: httpx.Client, put_item: PutItem, word: str
) -> None:
    one, other = f"One {word}", f"Other {word}"
    first = [put_item(title=f"{word} thing", category=one) for _ in range(3)]
    second = put_item(title=f"{word} thing", category=other)
    facets = {one: 3, other: 1}
    assert search(api, word)["facets"] == facets
    narrowed = search(api, word, category=one, num_items=2)
    assert (narrowed["facets"], len(narrowed["items"])) == (facets, 2)
    assert set(ids(narrowed)) < set(first)
    assert ids(search(api, misspelt(word), category=other)) == [second]


def test_an_unknown_category_is_refused(api: httpx.Client) -> None:
    assert_problem(api.get("/search", params={"q": "novel", "category": "Nonsense"}), 422, "category")
    assert_problem(api.get("/search", params={"q": "novel", "user_id": 2**40}), 404, "user_id")


def test_a_search_for_somebody_follows_their_taste_and_leaves_out_what_they_hide(
    api: httpx.Client, put_item: PutItem, word: str
) -> None:
    made = {name: put_item(title=f"{word} thing", category=name) for name in ("Books", "Garden", "Kitchen", "Space")}
    signed_up = api.post("/users", json={"preferences": {"categories": {"Kitchen": 1}}}).json()
    user_id = signed_up["user_id"]
    assert ids(search(api, word, user_id=user_id))[0] == made["Kitchen"]
    for item_id in api.get("/popular", params={"category": "Space", "num_items": 6}).json()["items"]:
        event = {"user_id": user_id, "item_id": item_id["item_id"], "type": "like"}
        assert api.post("/interactions", json=event).status_code == httpx.codes.CREATED
    assert ids(search(api, word, user_id=user_id))[0] == made["Space"]
    api.put(f"/users/{user_id}/hidden_items/{made['Space']}").raise_for_status()
    answer = search(api, word, user_id=user_id)
    assert made["Space"] not in ids(answer)
    assert set(answer["facets"]) == {"Books", "Garden", "Kitchen"}
    assert made["Space"] in ids(search(api, word))


def test_an_item_that_was_put_a_moment_ago_is_alike_and_has_its_like(
    api: httpx.Client, put_item: PutItem, word: str
) -> None:
    text = "A novel of gothic suspense, haunting and tender."
    one = put_item(title=f"Gothic {word}", description=text, category="Books")
    two = put_item(title=f"Gothic {word} again", description=text, category="Books")
    answer = api.get(f"/items/{one}/similar", params={"num_similar": 5}).json()
    assert ids(answer, "similar")[0] == two
    assert len(answer["similar"]) == 5
    assert {entry["category"] for entry in answer["similar"][:3]} == {"Books"}
    put_item(two, title="Withdrawn", available_until=PAST)
    assert two not in ids(api.get(f"/items/{one}/similar", params={"num_similar": 50}).json(), "similar")


def test_what_is_away_is_said_by_search_likeness_and_health(api: httpx.Client) -> None:
    away = [] if has_elasticsearch(api) else ["elasticsearch"]
    assert search(api, "novel")["degraded"] == away
    assert api.get("/items/1/similar").json()["degraded"] == away
    assert api.get("/items/1/similar", params={"algorithm": "als"}).json()["degraded"] == []


@contextmanager
def silence(stack: Stack, api: httpx.Client) -> Iterator[None]:
    """Elasticsearch answers nobody, until afterwards; where the stack has none it is so anyway."""
    if not isinstance(stack, ComposeStack) or not has_elasticsearch(api):
        yield
        return
    stack.containers.compose("pause", "elasticsearch")
    try:
        yield
    finally:
        stack.containers.compose("unpause", "elasticsearch")
    deadline = time.monotonic() + HEALED_SECONDS
    while search(api, "novel")["degraded"]:
        assert time.monotonic() < deadline, "searches are not told from Elasticsearch again"
        time.sleep(0.2)


def test_without_elasticsearch_everything_is_found_and_indexed_when_it_is_back(
    stack: Stack, api: httpx.Client, put_item: PutItem, word: str
) -> None:
    with silence(stack, api):
        item_id = put_item(title=f"{word} canoe", category="Made for tests")
        answer = search(api, misspelt(word))
        assert (ids(answer), answer["facets"]) == ([item_id], {"Made for tests": 1})
        assert answer["degraded"] == ["elasticsearch"]
        similar = api.get("/items/1/similar").json()
        assert (len(similar["similar"]), similar["degraded"]) == (5, ["elasticsearch"])
    assert ids(search(api, misspelt(word))) == [item_id]
