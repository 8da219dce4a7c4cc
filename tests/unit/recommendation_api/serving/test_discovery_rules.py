"""Rules over lists for nobody in particular: similar items and popular ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import pytest

from recommendation_api.serving.discovery import ScoredItem
from recsys.domain import Algorithm
from recsys.rules import RuleAction, RuleTarget, RuleTerms
from recsys.testing.worlds import SmallWorld
from tests.unit.recommendation_api.serving.running import Running

pytestmark = pytest.mark.anyio

Listed = Callable[[int], Awaitable[Sequence[ScoredItem]]]
LISTS = ["popular", Algorithm.CONTENT_BASED, Algorithm.ITEM_BASED, Algorithm.ALS, Algorithm.HYBRID]


@pytest.fixture(params=LISTS)
def listed(request: pytest.FixtureRequest, running: Running, world: SmallWorld) -> Listed:
    if request.param == "popular":
        return lambda n: running.serving.popular(None, n)
    item_id = world.items_of("Garden")[0]
    return lambda n: running.serving.similar(item_id, request.param, n)


async def rule(
    running: Running, action: RuleAction, *item_ids: int, factor: float | None = None, position: int | None = None
) -> None:
    terms = RuleTerms("x", action, RuleTarget(item_ids=item_ids), factor=factor, position=position)
    await running.stores.rules.create(terms)
    await running.catalogue.refresh()


def ids(found: Sequence[ScoredItem]) -> list[int]:
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)
    return [item.item_id for item in found]


async def test_what_is_blocked_is_nowhere_and_the_list_stays_as_long(running: Running, listed: Listed) -> None:
    before = ids(await listed(12))
    await rule(running, RuleAction.BLOCK, *before[:2])
    assert ids(await listed(10)) == before[2:]
    assert not set(ids(await listed(500))) & set(before[:2])


async def test_what_is_pinned_has_its_place(running: Running, listed: Listed) -> None:
    before = ids(await listed(500))
    await rule(running, RuleAction.PIN, before[90], before[50], position=3)
    others = [item_id for item_id in before if item_id not in {before[90], before[50]}]
    wanted = [*others[:2], before[90], before[50], *others[2:]]
    assert ids(await listed(10)) == wanted[:10]
    assert ids(await listed(500)) == wanted
    assert ids(await listed(2)) == wanted[:2]


async def test_what_is_boosted_rises_and_what_is_buried_falls(running: Running, listed: Listed) -> None:
    before = ids(await listed(8))
    await rule(running, RuleAction.BOOST, before[4], factor=100.0)
    await rule(running, RuleAction.BURY, before[1], factor=0.01)
    after = ids(await listed(500))
    assert after[0] == before[4]
    assert after.index(before[1]) > 1
    assert ids(await listed(8)) == after[:8]
