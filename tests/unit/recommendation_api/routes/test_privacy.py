from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from recommendation_api import export
from recsys.adapters import memory
from recsys.adapters.memory_privacy import MemoryErasures
from recsys.domain import EventType, Interaction
from recsys.errors import Unavailable
from recsys.ports import Backlog, CacheEntry, CacheRead, KeptList
from recsys.stores import Stores
from recsys.testing.worlds import END
from tests.unit.recommendation_api.conftest import Api, Start, is_problem, sample

pytestmark = pytest.mark.anyio

SOMEBODY = 7


class Away(memory.MemoryRecommendationCache):
    """A cache that comes and goes."""

    is_away = True

    async def invalidate(self, user_ids: Any) -> None:
        self._reach()
        await super().invalidate(user_ids)

    async def sweep(self, is_forgotten: Any) -> int:
        self._reach()
        return await super().sweep(is_forgotten)

    def _reach(self) -> None:
        if self.is_away:
            raise Unavailable("nobody answers", dependency="redis")


class DatabaseAway(MemoryErasures):
    async def erase(self, user_id: int) -> Any:
        raise Unavailable("nobody answers", dependency="postgres", retry_after=7)


async def erase(api: Api, user_id: int = SOMEBODY) -> dict[str, Any]:
    answer = await api.client.delete(f"/users/{user_id}")
    assert answer.status_code == httpx.codes.OK, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def stores_of(receipt: dict[str, Any]) -> dict[str, str]:
    return {each["store"]: each["state"] for each in receipt["stores"]}


def event(user_id: int = SOMEBODY, **more: Any) -> dict[str, Any]:
    return {"user_id": user_id, "item_id": 1, "type": "view", **more}


class TestErasure:
    async def test_the_receipt_says_what_was_erased_where(self, api: Api) -> None:
        events = sum(each.user_id == SOMEBODY for each in api.database.events.values())
        receipt = await erase(api)
        assert stores_of(receipt) == {
            "postgresql": "done",
            "memory": "done",
            "redis": "done",
            "releases": "pending",
            "mlflow": "pending",
            "logs": "done",
        }
        assert receipt["state"] == "pending"
        assert receipt["stores"][0]["removed"].items() >= {"users": 1, "interactions": events}.items()
        assert str(SOMEBODY) not in {*receipt, *receipt["stores"][0]}

    async def test_the_receipt_can_be_looked_up_and_is_done_in_the_end(self, api: Api) -> None:
        receipt = await erase(api)
        address = f"/erasures/{receipt['receipt_id']}"
        assert (await api.client.get(address)).json() == receipt
        for store in ("releases", "mlflow"):
            await api.stores.erasures.settle(store, [receipt["receipt_id"]])
        later = (await api.client.get(address)).json()
        assert later["state"] == "done"
        assert set(stores_of(later).values()) == {"done"}

    async def test_an_unknown_receipt_is_none(self, api: Api) -> None:
        is_problem(await api.client.get(f"/erasures/{uuid4()}"), 404, "receipt_id")
        is_problem(await api.client.get("/erasures/7"), 422, "receipt_id")

    @pytest.mark.parametrize(
        ("method", "address", "body"),
        [
            ("GET", "/users/7/profile", None),
            ("GET", "/users/7/similar", None),
            ("GET", "/users/7/export", None),
            ("DELETE", "/users/7", None),
            ("PATCH", "/users/7", {"age": 20}),
            ("PUT", "/users/7/hidden_items/1", None),
            ("DELETE", "/users/7/hidden_items/1", None),
            ("GET", "/search?q=book&user_id=7", None),
            ("POST", "/interactions", event()),
            ("POST", "/recommendations", {"user_id": SOMEBODY}),
            ("POST", "/recommendations", {"user_id": SOMEBODY, "use_cache": False}),
        ],
    )
    async def test_an_erased_user_answers_410_everywhere(
        self, api: Api, method: str, address: str, body: dict[str, Any] | None
    ) -> None:
        await api.recommended(SOMEBODY)
        await erase(api)
        answer = await api.client.request(method, address, json=body)
        assert is_problem(answer, 410, "user_id")["type"] == "urn:recstack:problem:erased"

    async def test_of_a_batch_only_the_events_of_the_erased_are_refused(self, api: Api) -> None:
        await erase(api)
        counted = sample("recstack_events_total", type="view", outcome="erased")
        answer = await api.client.post("/interactions/batch", json=[event(), event(8), event(10**9)])
        assert [row["status"] for row in answer.json()["results"]] == [410, 201, 404]
        assert sample("recstack_events_total", type="view", outcome="erased") == counted + 1

    async def test_nobody_comes_back_by_the_id_of_another_system(self, api: Api) -> None:
        created = (await api.client.post("/users", json={"external_id": "crm-7"})).json()
        await erase(api, created["user_id"])
        is_problem(await api.client.post("/users", json={"external_id": "crm-7"}), 410, "external_id")
        assert (await api.client.post("/users", json={"external_id": "crm-8"})).status_code == httpx.codes.CREATED

    async def test_an_id_is_not_given_again(self, api: Api) -> None:
        created = (await api.client.post("/users", json={})).json()["user_id"]
        await erase(api, created)
        assert (await api.client.post("/users", json={})).json()["user_id"] > created

    async def test_who_never_was_cannot_be_erased(self, api: Api) -> None:
        is_problem(await api.client.delete("/users/1000000000"), 404, "user_id")
        is_problem(await api.client.delete("/users/0"), 422, "user_id")

    async def test_an_unknown_user_still_gets_the_cold_answer(self, api: Api) -> None:
        await erase(api)
        answer = await api.client.post("/recommendations", json={"user_id": 10**9})
        assert answer.json()["cold_start"] is True

    async def test_others_no_longer_see_the_erased_as_alike(self, api: Api) -> None:
        async def alike(user_id: int) -> list[int]:
            answer = await api.client.get(f"/users/{user_id}/similar", params={"num_users": 500})
            return [each["user_id"] for each in answer.json()["users"]]

        other = (await alike(SOMEBODY))[0]
        assert SOMEBODY in await alike(other)
        await erase(api)
        assert SOMEBODY not in await alike(other)

    async def test_with_the_database_away_nothing_is_erased(
        self, start: Start, database: memory.MemoryDatabase
    ) -> None:
        api = await start(erasures=DatabaseAway(database))
        answer = await api.client.delete(f"/users/{SOMEBODY}")
        is_problem(answer, 503)
        assert answer.headers["Retry-After"] == "7"
        assert (await api.client.get(f"/users/{SOMEBODY}/profile")).status_code == httpx.codes.OK
        assert len(await api.recommended(SOMEBODY)) == 10


class TestFollowing:
    async def test_with_the_cache_away_the_rest_is_erased_and_the_cache_follows(
        self, start: Start, database: memory.MemoryDatabase
    ) -> None:
        from recommendation_api.erasing import Eraser
        from recommendation_api.forgotten import Forgotten

        cache = Away(database.clock)
        api = await start(cache=cache)
        version = (await cache.read(SOMEBODY, "key")).version
        await cache.store(SOMEBODY, "key", CacheEntry(b"list", version, 1, END.timestamp() + 60))
        receipt = await erase(api)
        assert stores_of(receipt)["redis"] == "pending"
        is_problem(await api.client.get(f"/users/{SOMEBODY}/profile"), 410, "user_id")

        eraser = Eraser(api.stores, Forgotten(api.stores.erasures, api.stores.pseudonyms, poll_seconds=60))
        with pytest.raises(Unavailable):
            await eraser.turn()
        await eraser.tell()
        assert sample("recstack_erasures_waiting", store="redis") == 1
        cache.is_away = False
        await eraser.turn()
        await eraser.tell()
        assert sample("recstack_erasures_waiting", store="redis") == 0
        assert SOMEBODY not in cache._users
        assert stores_of((await api.client.get(f"/erasures/{receipt['receipt_id']}")).json())["redis"] == "done"

    async def test_what_another_worker_cached_meanwhile_is_dropped_a_moment_later(
        self, start: Start, database: memory.MemoryDatabase
    ) -> None:
        from recommendation_api.erasing import LATE_SECONDS, Eraser
        from recommendation_api.forgotten import Forgotten

        api = await start()
        eraser = Eraser(api.stores, Forgotten(api.stores.erasures, api.stores.pseudonyms, poll_seconds=60))
        await eraser.erase(SOMEBODY)
        cache = api.stores.cache
        assert isinstance(cache, memory.MemoryRecommendationCache)
        assert isinstance(await cache.read(SOMEBODY, "key"), CacheRead)
        await eraser.turn()
        assert SOMEBODY in cache._users
        api.database.clock.advance(LATE_SECONDS)  # type: ignore[attr-defined]
        await eraser.turn()
        assert SOMEBODY not in cache._users

    async def test_the_backlog_is_told(self, api: Api) -> None:
        await erase(api)
        api.database.clock.advance(90)  # type: ignore[attr-defined]
        from recommendation_api.erasing import Eraser
        from recommendation_api.forgotten import Forgotten

        await Eraser(api.stores, Forgotten(api.stores.erasures, api.stores.pseudonyms, poll_seconds=60)).tell()
        assert sample("recstack_erasures_waiting", store="mlflow") == 1
        assert sample("recstack_erasures_oldest_waiting_seconds", store="mlflow") == 90
        assert (await api.stores.erasures.backlog())["redis"] == Backlog(0, None)

    @pytest.mark.parametrize(
        ("method", "address", "body"),
        [
            ("GET", f"/users/{SOMEBODY}/profile", None),
            ("POST", "/interactions", event()),
            ("POST", "/recommendations", {"user_id": SOMEBODY}),
            ("POST", "/users", {"external_id": "crm-7"}),
        ],
    )
    async def test_another_worker_refuses_before_it_has_looked(
        self, start: Start, stores: Stores, method: str, address: str, body: dict[str, Any] | None
    ) -> None:
        """Whatever it is asked first: of whom it does not know it asks the database, which both share."""
        first = await start()
        first.database.users[SOMEBODY] = replace(first.database.users[SOMEBODY], external_id="crm-7")
        second = await start(cache=memory.MemoryRecommendationCache(stores.clock))
        await erase(first)
        answer = await second.client.request(method, address, json=body)
        is_problem(answer, 410, "external_id" if address == "/users" else "user_id")


class ErasuresAway:
    """A database that went away before anybody was read from it."""

    async def tombstones(self, since: int) -> Any:
        raise Unavailable("away", dependency="postgres")


class EventsAway(memory.MemoryInteractionLog):
    async def histories(self, user_ids: Any) -> Any:
        raise Unavailable("away", dependency="postgres")


@pytest.mark.parametrize("erasures_known", [True, False])
async def test_what_the_release_knows_is_used_only_by_who_knows_of_erasures(
    start: Start, database: memory.MemoryDatabase, *, erasures_known: bool
) -> None:
    """Without the database nobody else could tell that a row is that of an erased user."""
    unknown = {} if erasures_known else {"erasures": ErasuresAway()}
    api = await start(interactions=EventsAway(database), **unknown)
    answer = (await api.client.post("/recommendations", json={"user_id": SOMEBODY})).json()
    assert answer["degraded"] == ["postgres"]
    assert answer["cold_start"] is not erasures_known


class TestExport:
    async def exported(self, api: Api, user_id: int = SOMEBODY) -> dict[str, Any]:
        answer = await api.client.get(f"/users/{user_id}/export")
        assert answer.status_code == httpx.codes.OK, answer.text
        assert answer.headers["content-type"] == "application/json"
        content: dict[str, Any] = answer.json()
        return content

    async def test_it_is_complete(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """Over several pages too."""
        monkeypatch.setattr(export, "PAGE", 3)
        user = replace(api.database.users[SOMEBODY], liked_item_ids=(1, 2), external_id="crm-7")
        api.database.users[SOMEBODY] = user
        lists = [
            KeptList(str(uuid4()), SOMEBODY, "r", "hybrid", [1, 2], END + timedelta(seconds=number))
            for number in range(4)
        ]
        await api.stores.lists.keep(lists)
        events = (await api.stores.interactions.histories([SOMEBODY]))[SOMEBODY]
        assert len(events) > 3
        await api.client.put(f"/users/{SOMEBODY}/hidden_items/3")
        content = await self.exported(api)
        assert list(content) == ["user", "preferences", "interactions", "hidden_items", "lists"]
        assert content["user"] == {
            "user_id": SOMEBODY,
            "external_id": "crm-7",
            "age": user.age,
            "gender": user.gender,
            "country": user.country,
            "signed_up_at": user.signed_up_at and user.signed_up_at.isoformat().replace("+00:00", "Z"),
            "liked_item_ids": [1, 2],
        }
        assert content["preferences"] == {"categories": user.preferences}
        assert [each["event_id"] for each in content["interactions"]] == [each.event_id for each in events]
        assert [each["item_id"] for each in content["hidden_items"]] == [3]
        assert [each["recommendation_id"] for each in content["lists"]] == [each.recommendation_id for each in lists]

    async def test_of_somebody_new_it_is_empty_and_valid(self, api: Api) -> None:
        user_id = (await api.client.post("/users", json={})).json()["user_id"]
        content = await self.exported(api, user_id)
        assert (content["interactions"], content["hidden_items"], content["lists"]) == ([], [], [])

    async def test_it_can_be_taken_in_again(self, api: Api) -> None:
        rating = event(type="rating", value=4.5, event_id="mine", recommendation_id=str(uuid4()))
        await api.client.post("/interactions", json=rating)
        before = await self.exported(api)
        again = await api.client.post("/interactions/batch", json={"interactions": before["interactions"]})
        assert {row["status"] for row in again.json()["results"]} == {200}
        stated = {name: before["user"][name] for name in ("age", "gender", "country", "liked_item_ids")}
        body = {**stated, "preferences": before["preferences"]}
        copy = (await api.client.post("/users", json=body)).json()["user_id"]
        moved = [
            {**each, "user_id": copy, "event_id": f"again-{number}"}
            for number, each in enumerate(before["interactions"])
        ]
        answer = await api.client.post("/interactions/batch", json=moved)
        assert {row["status"] for row in answer.json()["results"]} == {201}
        after = await self.exported(api, copy)
        assert after["preferences"] == before["preferences"]

        def content(of: dict[str, Any]) -> list[dict[str, Any]]:
            named = ("event_id", "user_id")
            return [{name: each[name] for name in each if name not in named} for each in of["interactions"]]

        def order(each: dict[str, Any]) -> str:
            return str(sorted(each.items()))

        assert sorted(content(after), key=order) == sorted(content(before), key=order)

    async def test_an_export_that_meets_the_erasure_breaks_off(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(export, "PAGE", 2)
        pieces = await export.export(api.stores, SOMEBODY)
        begun = [await anext(pieces) for _ in range(3)]
        await erase(api)
        with pytest.raises(Exception, match="erased"):
            begun += [piece async for piece in pieces]
        assert not b"".join(begun).endswith(b"]}")

    async def test_of_somebody_unknown_there_is_none(self, api: Api) -> None:
        is_problem(await api.client.get("/users/1000000000/export"), 404, "user_id")


async def test_events_and_lists_at_the_moment_of_the_erasure_leave_nothing(api: Api) -> None:
    async def use(number: int) -> None:
        await api.client.post("/interactions", json=event(event_id=f"late-{number}", item_id=1 + number))
        await api.client.post("/recommendations", json={"user_id": SOMEBODY, "num_recommendations": 1 + number})

    await asyncio.gather(*map(use, range(5)), erase(api), *map(use, range(5, 10)))
    await asyncio.sleep(0.3)
    assert not any(each.user_id == SOMEBODY for each in api.database.events.values())
    assert not any(kept.user_id == SOMEBODY for kept in api.database.lists.values())
    late = Interaction("later", SOMEBODY, 1, EventType.VIEW, END)
    (refused,) = await api.stores.interactions.record([late])
    assert isinstance(refused, Exception)
