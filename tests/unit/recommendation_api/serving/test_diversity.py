"""What the dials do to an answer; their arithmetic is tested where it lies, over a generated world."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.unit.recommendation_api.serving.running import Running, categories, ids

pytestmark = pytest.mark.anyio

DIALS = ("diversity", "novelty", "serendipity")


async def test_more_diversity_shows_more_categories_and_never_less_than_n(running: Running) -> None:
    lists = [await running.ask(1, 20, diversity=strength) for strength in (0, 0.5, 1)]
    shown = [len(set(categories(answer))) for answer in lists]
    assert shown[0] < shown[1] <= shown[2]
    assert [len(set(ids(answer))) for answer in lists] == [20, 20, 20]


@pytest.mark.parametrize("dial", DIALS)
async def test_a_turned_dial_changes_the_list_and_says_what_it_took(running: Running, dial: str) -> None:
    plain = await running.ask(1, 10, explain=True)
    dials: dict[str, Any] = {dial: 1}
    turned = await running.ask(1, 10, explain=True, **dials)
    assert ids(turned) != ids(plain)
    assert not taken(plain)
    assert taken(turned)


def taken(answer: dict[str, Any]) -> list[float]:
    parts = [part for entry in answer["recommendations"] for part in entry["explanation"]["parts"]]
    return [part["share"] for part in parts if part["source"] == "diversity"]


@pytest.mark.parametrize("dial", DIALS)
async def test_a_dial_at_zero_is_no_dial(running: Running, dial: str) -> None:
    dials: dict[str, Any] = {dial: 0}
    assert ids(await running.ask(1, 10, **dials)) == ids(await running.ask(1, 10))


async def test_no_category_has_more_than_its_cap(running: Running) -> None:
    assert max(Counter(categories(await running.ask(1, 10, diversity=1))).values()) <= 2


async def test_a_filter_that_leaves_one_category_is_filled_from_it(running: Running) -> None:
    answer = await running.ask(1, 10, diversity=1, filters={"categories": ["Music"]})
    assert categories(answer) == ["Music"] * 10
