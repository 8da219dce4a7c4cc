"""The serving layer over a real PostgreSQL and a real Redis, with many callers at once."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from recommendation_api.attribution import Attribution
from recommendation_api.catalogue import CatalogueMirror
from recommendation_api.forgotten import Forgotten
from recommendation_api.invalidation import Invalidation
from recommendation_api.recording import Recorder
from recommendation_api.schemas.recommendations import RecommendationRequest
from recommendation_api.serving import Serving
from recsys.adapters.memory import MemoryReleaseRegistry
from recsys.domain import EventType, Interaction
from recsys.release import load_release, write_release
from recsys.settings import Settings
from recsys.stores import Stores, open_stores
from recsys.testing.releases import VERSION
from recsys.testing.worlds import SmallWorld

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

LATER = "20260202-000000-bbbb"


@dataclass(slots=True)
class Service:
    serving: Serving
    stores: Stores
    recorder: Recorder

    async def ask(self, user_id: int, n: int = 10, **more: Any) -> dict[str, Any]:
        body = {"user_id": user_id, "num_recommendations": n, **more}
        answer: dict[str, Any] = json.loads(
            await self.serving.recommend(RecommendationRequest.model_validate_json(json.dumps(body)))
        )
        return answer

    async def listed(self, user_id: int) -> list[int]:
        return [entry["item_id"] for entry in (await self.ask(user_id))["recommendations"]]


@asynccontextmanager
async def serving_over(settings: Settings, **replaced: Any) -> AsyncIterator[Service]:
    async with open_stores(settings) as opened:
        stores = replace(opened, **replaced)
        catalogue = CatalogueMirror(stores.catalog, poll_seconds=60)
        await catalogue.start()
        forgotten = Forgotten(stores.erasures, stores.pseudonyms, poll_seconds=60)
        await forgotten.refresh()
        serving = await Serving.start(stores, catalogue, settings, forgotten)
        try:
            attribution = Attribution(stores.lists, catalogue, stores.clock)
            recorder = Recorder(stores, Invalidation(stores, catalogue), attribution, forgotten)
            yield Service(serving, stores, recorder)
        finally:
            await serving.aclose()
            await catalogue.aclose()


async def test_whoever_asks_after_an_event_never_gets_a_list_from_before(settings: Settings) -> None:
    """Several callers of the same users, each liking what is on top: the item is gone from every later answer."""
    async with serving_over(settings) as service:
        gone: dict[int, set[int]] = {user_id: set() for user_id in range(1, 6)}
        chance = random.Random(7)  # noqa: S311 - an order, no secret

        async def one_caller(number: int) -> None:
            for step in range(12):
                user_id = chance.choice(list(gone))
                before = set(gone[user_id])
                listed = await service.listed(user_id)
                assert not before & set(listed)
                now = service.stores.clock.now()
                event = Interaction(f"race-{number}-{step}", user_id, listed[0], EventType.VIEW, now)
                await service.recorder.record([event])
                gone[user_id].add(listed[0])

        await asyncio.gather(*(one_caller(number) for number in range(8)))
        assert all(gone.values())


async def test_a_second_process_serves_what_the_first_one_cached_and_drops_what_it_invalidated(
    settings: Settings,
) -> None:
    async with serving_over(settings) as first, serving_over(settings) as second:
        await second.ask(9)
        answer = await first.ask(1)
        again = await second.ask(1)
        assert (again["cached"], again["recommendation_id"]) == (True, answer["recommendation_id"])
        top = answer["recommendations"][0]["item_id"]
        event = Interaction("other-worker", 1, top, EventType.LIKE, second.stores.clock.now())
        await second.recorder.record([event])
        assert top not in await first.listed(1)


async def test_the_log_and_the_release_say_the_same_of_an_unchanged_history(settings: Settings) -> None:
    async with serving_over(settings) as service:
        release = service.serving.release
        assert release is not None
        for user_id in (1, 33, 77, 110):
            (fresh,) = (await service.stores.interactions.histories([user_id])).values()
            row = release.histories.weights[[user_id - 1]]
            assert {event.item_id for event in fresh} == set(release.item_ids[row.indices].tolist())


async def test_computed_lists_are_in_the_database(settings: Settings) -> None:
    async with serving_over(settings) as service:
        answer = await service.ask(1, 3)
        await service.ask(1, 3)
    with psycopg.connect(settings.database_url) as connection:
        rows = connection.execute(
            "SELECT recommendation_id::text, user_id, release, algorithm, item_ids FROM recommendation_lists"
        ).fetchall()
    item_ids = [entry["item_id"] for entry in answer["recommendations"]]
    assert rows == [(answer["recommendation_id"], 1, VERSION, "hybrid", item_ids)]


async def test_no_answer_fails_or_mixes_while_releases_are_swapped(
    settings: Settings, releases: Path, world: SmallWorld, tmp_path: Path
) -> None:
    """Callers ask on while the alias moves forth and back; each answer is of one release, in the end of the last."""
    first = load_release(releases, VERSION)
    later = replace(first, version=LATER, created_at=first.created_at + timedelta(days=1))
    folder = tmp_path / "two"
    folder.mkdir()
    write_release(folder, first)
    write_release(folder, later)
    _register(settings, LATER)
    registry = MemoryReleaseRegistry(VERSION)
    changed = settings.model_copy(update={"releases_dir": folder, "alias_poll_seconds": 0.02})
    async with serving_over(changed, registry=registry) as service:
        answers: list[dict[str, Any]] = []
        over = asyncio.Event()

        async def ask_on(number: int) -> None:
            while not over.is_set():
                answers.append(
                    await service.ask(1 + (number + len(answers)) % len(world.users), use_cache=number % 2 == 0)
                )

        callers = [asyncio.create_task(ask_on(number)) for number in range(8)]
        for version in (LATER, VERSION, LATER):
            registry.version = version
            await _until_live(service, version)
            await asyncio.sleep(0.1)
        over.set()
        await asyncio.gather(*callers)
        last = await service.ask(1)
    assert {answer["release"] for answer in answers} == {VERSION, LATER}
    assert all(len(answer["recommendations"]) == 10 for answer in answers)
    assert last["release"] == LATER


def _register(settings: Settings, version: str) -> None:
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("INSERT INTO releases (version, manifest_sha256) VALUES (%s, repeat('0', 64))", [version])


async def _until_live(service: Service, version: str) -> None:
    async with asyncio.timeout(20):
        while service.serving.release is None or service.serving.release.version != version:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
