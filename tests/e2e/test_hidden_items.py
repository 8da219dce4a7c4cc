"""What a user hides ("don't show again") is gone from the very next answer, whatever is asked, under load too."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx
import psycopg
import pytest

from recsys.domain import MAX_ID, Algorithm
from tests.e2e.conftest import PutItem, Recommend
from tests.e2e.problems import assert_problem
from tests.e2e.stack import Stack

ALL = 500
ASKERS = 4


def ids(answer: dict[str, Any]) -> list[int]:
    return [entry["item_id"] for entry in answer["recommendations"]]


def hide(api: httpx.Client, user_id: int, item_id: int) -> None:
    response = api.put(f"/users/{user_id}/hidden_items/{item_id}")
    assert response.status_code == httpx.codes.NO_CONTENT, response.text


def show(api: httpx.Client, user_id: int, item_id: int) -> None:
    response = api.delete(f"/users/{user_id}/hidden_items/{item_id}")
    assert response.status_code == httpx.codes.NO_CONTENT, response.text


def test_a_hidden_item_leaves_the_cached_list_and_comes_back_when_shown(
    api: httpx.Client, recommend: Recommend, newcomer: int
) -> None:
    before = recommend(newcomer)
    assert recommend(newcomer)["cached"] is True
    hide(api, newcomer, ids(before)[0])
    after = recommend(newcomer)
    assert after["cached"] is False
    assert len(ids(after)) == len(ids(before))
    assert ids(before)[0] not in ids(after)
    show(api, newcomer, ids(before)[0])
    assert ids(recommend(newcomer)) == ids(before)


def test_it_is_in_no_list_of_any_algorithm_seen_or_not(
    api: httpx.Client, recommend: Recommend, newcomer: int, served: list[Algorithm]
) -> None:
    liked = api.get("/popular", params={"num_items": 3}).json()["items"][0]["item_id"]
    api.post("/interactions", json={"user_id": newcomer, "item_id": liked, "type": "like"}).raise_for_status()
    hide(api, newcomer, liked)
    for name in served:
        answer = recommend(newcomer, num_recommendations=ALL, algorithm=name, filters={"include_seen": True})
        assert liked not in ids(answer), name


def test_it_is_stored_before_it_is_answered(api: httpx.Client, stack: Stack, newcomer: int, put_item: PutItem) -> None:
    item_id = put_item()
    hide(api, newcomer, item_id)
    with psycopg.connect(stack.database_url) as connection:
        row = connection.execute("SELECT item_id FROM hidden_items WHERE user_id = %s", (newcomer,)).fetchone()
    assert row == (item_id,)


def test_it_does_not_come_on_a_later_page(api: httpx.Client, recommend: Recommend, newcomer: int) -> None:
    whole = ids(recommend(newcomer, num_recommendations=30))
    first = recommend(newcomer, num_recommendations=10)
    hide(api, newcomer, whole[15])
    second = recommend(newcomer, num_recommendations=10, page_token=first["next_page_token"])
    assert len(ids(second)) == 10
    assert not set(ids(second)) & {whole[15], *ids(first)}


def test_others_go_on_seeing_it(api: httpx.Client, recommend: Recommend, newcomer: int) -> None:
    other = api.post("/users", json={}).json()["user_id"]
    before = ids(recommend(other))
    hide(api, newcomer, before[0])
    assert ids(recommend(other)) == before


def test_only_users_hide_and_only_items(api: httpx.Client, newcomer: int) -> None:
    for method in ("PUT", "DELETE"):
        assert_problem(api.request(method, f"/users/{MAX_ID}/hidden_items/1"), 404, "user_id")
        assert_problem(api.request(method, f"/users/{newcomer}/hidden_items/{MAX_ID}"), 404, "item_id")
        assert_problem(api.request(method, f"/users/{newcomer}/hidden_items/none"), 422, "item_id")


class Asker(threading.Thread):
    """Asks for one user's list again and again, by connections of its own; remembers when it asked and what came."""

    def __init__(self, url: str, body: dict[str, Any], done: threading.Event) -> None:
        super().__init__(daemon=True)
        self._url, self._body, self._done = url, body, done
        self.answers: list[tuple[float, list[int]]] = []
        self.problems: list[str] = []

    def run(self) -> None:
        while not self._done.is_set():
            with httpx.Client(base_url=self._url, timeout=10) as client:
                for _ in range(10):
                    asked = time.monotonic()
                    response = client.post("/recommendations", json=self._body)
                    if response.is_success:
                        self.answers.append((asked, ids(response.json())))
                    else:
                        self.problems.append(response.text)


@pytest.mark.parametrize("use_cache", [True, False])
def test_hiding_shows_in_the_next_answer_under_load(
    api: httpx.Client, stack: Stack, recommend: Recommend, newcomer: int, *, use_cache: bool
) -> None:
    done = threading.Event()
    body = {"user_id": newcomer, "use_cache": use_cache}
    askers = [Asker(stack.url, body, done) for _ in range(ASKERS)]
    hidden: list[tuple[float, int]] = []
    for asker in askers:
        asker.start()
    try:
        _wait_until_each_has_an_answer(askers)
        for _ in range(5):
            item_id = ids(recommend(newcomer, use_cache=use_cache))[0]
            hide(api, newcomer, item_id)
            hidden.append((time.monotonic(), item_id))
            time.sleep(0.05)
    finally:
        done.set()
        for asker in askers:
            asker.join(30)
    answers = [answer for asker in askers for answer in asker.answers]
    assert [problem for asker in askers for problem in asker.problems] == []
    for since, item_id in hidden:
        late = [found for asked, found in answers if asked > since]
        assert all(item_id not in found for found in late)
    assert sum(asked > hidden[0][0] for asked, _ in answers) >= ASKERS
    assert any(hidden[0][1] in found for asked, found in answers if asked < hidden[0][0])


def _wait_until_each_has_an_answer(askers: list[Asker]) -> None:
    deadline = time.monotonic() + 10
    while not all(asker.answers for asker in askers):
        assert time.monotonic() < deadline
        time.sleep(0.01)
