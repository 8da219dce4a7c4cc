"""A serving layer with its world at hand, asked as a caller would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from recommendation_api.catalogue import CatalogueMirror
from recommendation_api.schemas.recommendations import RecommendationRequest
from recommendation_api.serving import Serving
from recsys.domain import EventType, Interaction
from recsys.stores import Stores

Answer = dict[str, Any]


@dataclass(slots=True)
class Running:
    serving: Serving
    stores: Stores
    catalogue: CatalogueMirror

    async def ask(self, user_id: int, n: int = 10, algorithm: str = "hybrid", **more: Any) -> Answer:
        body = {"user_id": user_id, "num_recommendations": n, "algorithm": algorithm, **more}
        request = RecommendationRequest.model_validate_json(json.dumps(body))
        answer: Answer = json.loads(await self.serving.recommend(request))
        return answer

    async def record(self, user_id: int, item_id: int, kind: EventType = EventType.LIKE) -> None:
        """As the route does: committed, then the user's answers dropped, then acknowledged."""
        event = Interaction(f"test-{user_id}-{item_id}-{kind}", user_id, item_id, kind, self.stores.clock.now())
        await self.stores.interactions.record([event])
        await self.stores.cache.invalidate([user_id])


Open = Callable[[Stores], Awaitable[Running]]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what background tasks do; ten seconds at most."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - it depends on more than one task
            await asyncio.sleep(0.01)


def ids(answer: Answer) -> list[int]:
    return [entry["item_id"] for entry in answer["recommendations"]]


def categories(answer: Answer) -> list[str]:
    return [entry["category"] for entry in answer["recommendations"]]
