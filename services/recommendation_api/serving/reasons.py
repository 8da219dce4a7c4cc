"""One readable sentence for each item of a list."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving.explanations import Reasoning
from recommendation_api.serving.ids import locate
from recommendation_api.serving.ladder import Rung
from recommendation_api.serving.ranking import POPULARITY, Case, Ranking
from recsys.domain import Algorithm, EventType

DID = {
    EventType.VIEW: "looked at",
    EventType.CLICK: "looked at",
    EventType.LIKE: "liked",
    EventType.DISLIKE: "know",
    EventType.CART: "put in your cart",
    EventType.PURCHASE: "bought",
    EventType.RATING: "rated highly",
}
LEADING = {
    Algorithm.CONTENT_BASED.value: "Similar to {title}, which you {did}",
    Algorithm.ITEM_BASED.value: "Chosen together with {title}, which you {did}",
    Algorithm.USER_BASED.value: "People with a taste like yours chose it",
}
WITHOUT_EVENT = {
    Algorithm.CONTENT_BASED.value: "Similar to what you liked",
    Algorithm.ITEM_BASED.value: "Goes together with what you chose",
    Algorithm.USER_BASED.value: "People with a taste like yours chose it",
    POPULARITY: "Popular with everyone",
}


def reasons(case: Case, ranking: Ranking, reasoning: Reasoning) -> list[str]:
    """A sentence per item: what its largest share comes from, and the event that brought most of that."""
    leading = _leading_sources(ranking)
    return [
        _personal(case, reasoning, leading[index], index)
        if ranking.rungs[index] == Rung.PERSONAL
        else _refilled(case, ranking, index)
        for index in range(len(ranking.positions))
    ]


def _leading_sources(ranking: Ranking) -> list[str]:
    sources = list(ranking.shares)
    if not sources:
        return []
    return [sources[best] for best in np.argmax([ranking.shares[source] for source in sources], axis=0)]


def _personal(case: Case, reasoning: Reasoning, source: str, index: int) -> str:
    brought = reasoning.by_source.get(source)
    cause = _strongest(case, reasoning, brought[index]) if brought is not None else None
    if cause is None:
        return WITHOUT_EVENT.get(source, "Matches your taste")
    return LEADING.get(source, "Because you {did} {title}").format(title=cause[0], did=cause[1])


def _strongest(case: Case, reasoning: Reasoning, brought: NDArray[np.float64]) -> tuple[str, str] | None:
    """Title of the event that speaks most for the item, and what the user did; None if none speaks for it."""
    best = int(np.argmax(brought))
    item_id = int(reasoning.item_ids[best])
    position = int(locate(case.ground.view.item_ids, reasoning.item_ids[best : best + 1])[0])
    if brought[best] <= 0 or position < 0:
        return None
    event = reasoning.types.get(item_id)
    return case.ground.view.titles[position], DID[event] if event else "chose"


def _refilled(case: Case, ranking: Ranking, index: int) -> str:
    position, rung = int(ranking.positions[index]), ranking.rungs[index]
    view = case.ground.view
    code = int(view.category[position])
    category = view.category_names[code] if code >= 0 else None
    if rung == Rung.LIKED_CATEGORY:
        chose = case.person.preferences.get(category or "", 0) > 0
        return f"Popular in {category}, a category that you " + ("chose" if chose else "like")
    if rung == Rung.POPULAR:
        return "Popular with everyone"
    if rung == Rung.NAMED_AT_SIGN_UP:
        return "You named it as one that you like"
    if case.ground.column[position] < 0:
        return f"New in {category}" if category else "New in the catalogue"
    return f"More from {category}" if category else "More from the catalogue"
