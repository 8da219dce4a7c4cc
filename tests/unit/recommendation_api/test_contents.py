"""Who answers, and what is said of who did not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from recommendation_api.contents import ELASTICSEARCH, Contents
from recsys.content_index import Entry, Search
from recsys.errors import InvalidInput, NotFound, Unavailable
from recsys.ports import SearchResult

from .conftest import sample

pytestmark = pytest.mark.anyio


class Index:
    """Finds its one item, or fails."""

    def __init__(self, item_id: int) -> None:
        self.item_id = item_id
        self.error: Exception | None = None

    async def search(self, search: Search) -> SearchResult:
        self._fail()
        return SearchResult([(self.item_id, 1.0)], {})

    async def similar(self, item_id: int, limit: int, left_out: Sequence[int] = ()) -> Sequence[tuple[int, float]]:
        self._fail()
        return [(self.item_id, 1.0)]

    async def put(self, entries: Sequence[Entry], release: str | None = None) -> None:
        self._fail()

    def _fail(self) -> None:
        if self.error:
            raise self.error


@pytest.fixture
def first() -> Index:
    return Index(1)


@pytest.fixture
def second() -> Index:
    return Index(2)


async def answered(contents: Contents) -> tuple[list[int], tuple[str, ...]]:
    found, near = await contents.search(Search("novel")), await contents.similar(7, 5)
    assert found.degraded == near.degraded
    assert found.result.hits == near.result
    return [item_id for item_id, _ in near.result], near.degraded


async def test_the_first_answers_while_it_can(first: Index, second: Index) -> None:
    contents = Contents(first, second)
    assert await answered(contents) == ([1], ())
    before = sample("recstack_degraded_answers_total", dependency=ELASTICSEARCH)
    first.error = Unavailable("away", dependency=ELASTICSEARCH)
    assert await answered(contents) == ([2], (ELASTICSEARCH,))
    assert sample("recstack_degraded_answers_total", dependency=ELASTICSEARCH) == before + 2
    first.error = None
    assert await answered(contents) == ([1], ())


async def test_without_a_first_the_second_answers_and_nothing_is_counted_as_a_failure(second: Index) -> None:
    before = sample("recstack_degraded_answers_total", dependency=ELASTICSEARCH)
    assert await answered(Contents(None, second)) == ([2], (ELASTICSEARCH,))
    assert sample("recstack_degraded_answers_total", dependency=ELASTICSEARCH) == before


async def test_an_item_that_the_first_has_not_got_yet_is_asked_of_the_second(first: Index, second: Index) -> None:
    first.error = NotFound("not indexed")
    assert (await Contents(first, second).similar(7, 5)).result == [(2, 1.0)]
    second.error = NotFound("no such item")
    with pytest.raises(NotFound, match="no such item"):
        await Contents(first, second).similar(7, 5)


async def test_what_the_caller_got_wrong_is_not_asked_twice(first: Index, second: Index) -> None:
    first.error = InvalidInput("q")
    with pytest.raises(InvalidInput):
        await Contents(first, second).search(Search("novel"))


async def test_where_neither_answers_it_is_said(first: Index, second: Index) -> None:
    first.error = Unavailable("away", dependency=ELASTICSEARCH)
    second.error = Unavailable("away too", dependency="postgres")
    with pytest.raises(Unavailable, match="away too"):
        await Contents(first, second).search(Search("novel"))
