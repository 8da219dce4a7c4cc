"""A guest signs up: what was done in the session becomes the user's."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from recsys.adapters.memory import MemoryUsers
from recsys.adapters.memory_sessions import MemorySessions
from recsys.domain import GuestHistory, User
from recsys.errors import Unavailable
from recsys.testing.clock import ManualClock
from recsys.testing.worlds import END, SmallWorld
from tests.unit.recommendation_api.conftest import Api, Start, is_problem, sample

pytestmark = pytest.mark.anyio


async def guest(api: Api, *item_ids: int) -> str:
    """Who liked these."""
    session_id = str((await api.client.post("/sessions")).json()["session_id"])
    for item_id in item_ids:
        event = {"item_id": item_id, "type": "like"}
        assert (await api.client.post(f"/sessions/{session_id}/interactions", json=event)).is_success
    return session_id


async def touched(api: Api, user_id: int) -> list[int]:
    return [event.item_id for event in (await api.stores.interactions.histories([user_id]))[user_id]]


async def sign_up(api: Api, **said: Any) -> int:
    answer = await api.client.post("/users", json=said)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    return int(answer.json()["user_id"])


async def test_the_first_list_of_a_new_user_follows_the_session(api: Api, world: SmallWorld) -> None:
    liked = world.items_of("Kitchen")[2]
    session_id = await guest(api, liked)
    question = {"session_id": session_id}
    before = (await api.client.post("/sessions/recommendations", json=question)).json()["recommendations"]
    user_id = await sign_up(api, session_id=session_id)
    assert await touched(api, user_id) == [liked]
    assert await api.recommended(user_id) == [entry["item_id"] for entry in before]
    is_problem(await api.client.post("/sessions/recommendations", json=question), 404, "session_id")


async def test_a_known_user_s_next_list_follows_it_too(api: Api, world: SmallWorld) -> None:
    user_id = await sign_up(api)
    before = await api.recommended(user_id)
    session_id = await guest(api, world.items_of("Garden")[0])
    change = {"session_id": session_id, "age": 40}
    assert (await api.client.patch(f"/users/{user_id}", json=change)).json()["age"] == 40
    assert await api.recommended(user_id) != before


async def test_once_is_enough_and_twice_is_no_more(api: Api) -> None:
    session_id = await guest(api, 1, 2)
    user_id = await sign_up(api, session_id=session_id)
    for _ in range(2):
        answer = await api.client.patch(f"/users/{user_id}", json={"session_id": session_id})
        assert answer.status_code == httpx.codes.OK
    assert sorted(await touched(api, user_id)) == [1, 2]


async def test_another_account_gets_nothing_and_is_not_made(api: Api) -> None:
    session_id = await guest(api, 1)
    await sign_up(api, session_id=session_id)
    other, before = await sign_up(api), len(api.database.users)
    is_problem(await api.client.patch(f"/users/{other}", json={"session_id": session_id}), 409, "session_id")
    is_problem(await api.client.post("/users", json={"session_id": session_id}), 409, "session_id")
    assert len(api.database.users) == before
    assert await touched(api, other) == []


async def test_a_session_that_never_was_makes_no_account(api: Api) -> None:
    before = len(api.database.users)
    is_problem(await api.client.post("/users", json={"session_id": "nobody"}), 404, "session_id")
    is_problem(await api.client.patch("/users/1", json={"session_id": "nobody", "age": 40}), 404, "session_id")
    for off in ("", 1, None, ["a"]):
        answer = await api.client.post("/users", json={"session_id": off})
        if off is not None:
            is_problem(answer, 422, "session_id")
    assert len(api.database.users) == before + 1


async def test_after_a_refused_sign_up_the_guest_goes_on(api: Api) -> None:
    session_id = await guest(api, 1)
    wrong = {"session_id": session_id, "preferences": {"categories": {"Boats": 1}}}
    is_problem(await api.client.post("/users", json=wrong), 422, "preferences.categories.Boats")
    is_problem(await api.client.patch("/users/999999", json={"session_id": session_id}), 404, "user_id")
    event = {"item_id": 2, "type": "like"}
    assert (await api.client.post(f"/sessions/{session_id}/interactions", json=event)).is_success
    user_id = await sign_up(api, session_id=session_id)
    assert sorted(await touched(api, user_id)) == [1, 2]


class Torn(MemoryUsers):
    """Commits, and dies before it can say so, the first time."""

    died = False

    async def change(self, user_id: int, change: Any, guest: GuestHistory | None = None) -> User:
        user = await super().change(user_id, change, guest)
        if not self.died:
            self.died = True
            raise Unavailable("nobody knows what became of it", dependency="postgres")
        return user


async def test_between_a_death_and_the_repeat_no_event_slips_through(start: Start, api: Api) -> None:
    torn = await start(users=Torn(api.database))
    user_id = await sign_up(torn)
    session_id = await guest(torn, 1)
    merge = {"session_id": session_id}
    is_problem(await torn.client.patch(f"/users/{user_id}", json=merge), 503)
    late = {"item_id": 2, "type": "like"}
    is_problem(await torn.client.post(f"/sessions/{session_id}/interactions", json=late), 409, "session_id")
    assert (await torn.client.patch(f"/users/{user_id}", json=merge)).is_success
    assert await touched(torn, user_id) == [1]
    is_problem(await torn.client.post(f"/sessions/{session_id}/interactions", json=late), 404, "session_id")


class Leaving(MemorySessions):
    """Redis goes away once the session is read."""

    async def end(self, session_id: str, token: str) -> None:
        raise Unavailable("Redis is away", dependency="redis")

    async def reopen(self, session_id: str, token: str) -> None:
        raise Unavailable("Redis is away", dependency="redis")


async def test_a_session_that_cannot_be_ended_is_merged_all_the_same(start: Start) -> None:
    clock = ManualClock(END)
    api = await start(sessions=Leaving(clock, ttl_seconds=600))
    session_id = await guest(api, 1)
    is_problem(await api.client.patch("/users/999999", json={"session_id": session_id}), 404, "user_id")
    user_id = await sign_up(api, session_id=session_id)
    clock.advance(61)
    event = {"item_id": 2, "type": "like"}
    assert (await api.client.post(f"/sessions/{session_id}/interactions", json=event)).is_success
    assert (await api.client.patch(f"/users/{user_id}", json={"session_id": session_id})).is_success
    assert sorted(await touched(api, user_id)) == [1, 2]


class Away(MemorySessions):
    async def close(self, session_id: str) -> Any:
        raise Unavailable("Redis is away", dependency="redis", retry_after=7)


async def test_while_sessions_cannot_be_read_a_sign_up_that_names_one_waits(start: Start) -> None:
    api = await start(sessions=Away(ManualClock(END), ttl_seconds=600))
    before = len(api.database.users)
    answer = await api.client.post("/users", json={"session_id": "s" * 32})
    is_problem(answer, 503)
    assert answer.headers["retry-after"] == "7"
    assert len(api.database.users) == before
    await sign_up(api)


async def test_merges_are_counted(api: Api) -> None:
    before = [sample("recstack_sessions_total", outcome=outcome) for outcome in ("merged", "refused")]
    session_id = await guest(api, 1)
    await sign_up(api, session_id=session_id)
    await api.client.post("/users", json={"session_id": session_id})
    after = [sample("recstack_sessions_total", outcome=outcome) for outcome in ("merged", "refused")]
    assert after == [count + 1 for count in before]
