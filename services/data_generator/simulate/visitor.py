"""One visit: asking for lists, looking through them, and telling the API what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_generator.simulate.client import Client
from data_generator.simulate.menu import Menu
from data_generator.simulate.people import People, Person, sign_up_form
from data_generator.simulate.reading import Opened, read_list
from data_generator.simulate.tally import Tally
from data_generator.truth import Truth
from recsys.domain import EventType

ACTIVITIES, ACTIVITY_SHARES = ("recommended", "popular", "found", "profile"), (0.72, 0.10, 0.12, 0.06)
IN_FAVOURITE = 0.5
"""Chance that what is popular is looked for in the favourite category only."""
LEAVES = 0.3
"""Chance that the visit ends after an activity."""
CURIOUS = 0.2
"""Chance of asking for what is similar to an item that was clicked."""
AT_ONCE = 0.25
"""Chance that what followed an item is told in one batch, as by an application that was offline."""

STORED = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})

Turn = Callable[[], Awaitable[None]]
"""Waited for before each call."""


@dataclass(frozen=True, slots=True)
class Site:
    """What all visitors share."""

    client: Client
    menu: Menu
    truth: Truth
    people: People
    tally: Tally


@dataclass(slots=True)
class Source:
    """The list that events answer to."""

    algorithm: str
    recommendation_id: str
    is_clicked: bool = False


class Visitor:
    def __init__(self, rng: np.random.Generator, site: Site, person: Person, turn: Turn) -> None:
        self._rng, self._site, self._turn = rng, site, turn
        self.person = person
        self._opened: set[int] = set()

    async def sign_up(self) -> None:
        """Become somebody new, with the demographics and the tastes of the person that this visitor was."""
        profile = await self._ask("GET", "/users/{id}/profile", number=self.person.user_id)
        form = sign_up_form(self._rng, self._site.truth, self.person.taste, profile["demographics"])
        answer = await self._ask("POST", "/users", json=form)
        self.person = Person(answer["user_id"], self.person.taste)
        self._site.people.joined(self.person)
        self._site.tally.newcomers += 1

    async def visit(self) -> None:
        """Until they have enough; raises what the client raises."""
        activities = {
            "recommended": self._recommended,
            "popular": self._popular,
            "found": self._found,
            "profile": self._profile,
        }
        while True:
            await activities[str(self._rng.choice(ACTIVITIES, p=ACTIVITY_SHARES))]()
            if self._rng.random() < LEAVES:
                return

    async def _recommended(self) -> None:
        menu, tally = self._site.menu, self._site.tally
        algorithm, size = menu.algorithm(self._rng), menu.size(self._rng)
        body = {"user_id": self.person.user_id, "num_recommendations": size, "algorithm": algorithm}
        answer = await self._ask("POST", "/recommendations", json=body)
        items = [entry["item_id"] for entry in answer["recommendations"]]
        tally.list_shown(algorithm, len(items))
        await self._look_through(items, Source(algorithm, answer["recommendation_id"]))
        if answer["release"] != menu.release:
            menu.read(await self._ask("GET", "/algorithms"))

    async def _popular(self) -> None:
        shares = self._site.truth.users.category_shares[self.person.taste]
        favourite = self._site.truth.category_names[int(np.argmax(shares))]
        answer = await self._ask(
            "GET", "/popular", params={"category": favourite} if self._rng.random() < IN_FAVOURITE else {}
        )
        await self._look_through([entry["item_id"] for entry in answer["items"]])

    async def _found(self) -> None:
        users, names = self._site.truth.users, self._site.truth.topic_names
        weights = users.weights[self.person.taste].astype(np.float64)
        topic = self._rng.choice(users.topics[self.person.taste], p=weights / weights.sum())
        answer = await self._ask("GET", "/search", params={"q": names[int(topic)]})
        await self._look_through([entry["item_id"] for entry in answer["items"]])

    async def _profile(self) -> None:
        await self._ask("GET", "/users/{id}/profile", number=self.person.user_id)

    async def _similar(self, item_id: int) -> None:
        params = {"algorithm": self._site.menu.near(self._rng)}
        answer = await self._ask("GET", "/items/{id}/similar", number=item_id, params=params)
        await self._look_through([entry["item_id"] for entry in answer["similar"]], is_detour=True)

    async def _look_through(
        self, item_ids: Sequence[int], source: Source | None = None, *, is_detour: bool = False
    ) -> None:
        fresh = [item_id for item_id in item_ids if item_id not in self._opened]
        generosity = float(self._site.truth.users.generosity[self.person.taste])
        for opened in read_list(self._rng, self._liking(fresh), generosity):
            item_id = fresh[opened.place]
            self._opened.add(item_id)
            told = await self._tell(item_id, opened, source)
            if EventType.CLICK in told and not is_detour and self._rng.random() < CURIOUS:
                await self._similar(item_id)

    def _liking(self, item_ids: Sequence[int]) -> NDArray[np.float32]:
        """What is younger than the truth leaves everybody unmoved."""
        places = np.array(item_ids, np.int64) - 1
        known = places < len(self._site.truth.items)
        liking = np.zeros(len(places), np.float32)
        liking[known] = self._site.truth.liking(self.person.taste, places[known])
        return liking

    async def _tell(self, item_id: int, opened: Opened, source: Source | None) -> list[EventType]:
        """The events that the API took."""
        rows = [self._row(item_id, kind, value, source) for kind, value in opened.events]
        kinds = [kind for kind, _ in opened.events]
        if len(rows) > 1 and self._rng.random() < AT_ONCE:
            answer = await self._ask("POST", "/interactions/batch", json={"interactions": rows})
            statuses = [result["status"] for result in answer["results"]]
            taken = [kind for kind, status in zip(kinds, statuses, strict=True) if status in STORED]
            self._site.tally.refused_rows(status for status in statuses if status not in STORED)
            self._count(taken, source)
            return taken
        for kind, row in zip(kinds, rows, strict=True):
            await self._ask("POST", "/interactions", json=row)
            self._count([kind], source)
        return kinds

    def _count(self, kinds: Sequence[EventType], source: Source | None) -> None:
        self._site.tally.acknowledged(kinds, source.algorithm if source else None)
        if source and EventType.CLICK in kinds and not source.is_clicked:
            source.is_clicked = True
            self._site.tally.list_clicked(source.algorithm)

    def _row(self, item_id: int, kind: EventType, value: float | None, source: Source | None) -> dict[str, Any]:
        row: dict[str, Any] = {"user_id": self.person.user_id, "item_id": item_id, "type": kind.value}
        if value is not None:
            row["value"] = value
        if source:
            row["recommendation_id"] = source.recommendation_id
        return row

    async def _ask(self, method: str, template: str, **how: Any) -> Any:
        await self._turn()
        return await self._site.client.call(method, template, **how)
