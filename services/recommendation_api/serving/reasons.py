"""One readable sentence for each item of a list."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving import taste
from recommendation_api.serving.explanations import Reasoning
from recommendation_api.serving.exploration import EXPLORATION
from recommendation_api.serving.ids import locate
from recommendation_api.serving.ladder import Rung
from recommendation_api.serving.ranking import POPULARITY, Case, Ranking
from recommendation_api.serving.touches import Touch, spoken_against
from recsys.domain import Algorithm, EventType
from recsys.settings import EventWeights

DID = {
    EventType.VIEW: "looked at {}",
    EventType.CLICK: "opened {}",
    EventType.LIKE: "liked {}",
    EventType.CART: "put {} in your cart",
    EventType.PURCHASE: "bought {}",
}
MET = "came across {}"
"""Where only the sum of the events is known."""
NAMED = "named {}"
"""Where the caller of a list without a user gave the item."""
HIGH = 4.0
"""Who rated so high liked it."""
MATTERS = 0.5
"""A second event is named if it brought so much of what the first one did."""

ALONE = {
    Algorithm.CONTENT_BASED.value: "Similar to {which}",
    Algorithm.ITEM_BASED.value: "Chosen together with {which}",
    Algorithm.TRANSITIONS.value: "What people turn to after {which}",
    Algorithm.USER_BASED.value: "People with a taste like yours chose it: you {did}",
}
"""By the source whose share is the largest: these tell of the events that speak by it."""
TOGETHER = "Because you {did}"
WITHOUT_EVENT = {
    Algorithm.CONTENT_BASED.value: "Similar to what you chose",
    Algorithm.ITEM_BASED.value: "Goes together with what you chose",
    Algorithm.USER_BASED.value: "People with a taste like yours chose it",
    POPULARITY: "Popular with everyone",
}
LIKE_YOU = "Popular with people of your age, gender or country"
TASTE = "Matches your taste"
ALGORITHMS = frozenset(name.value for name in Algorithm)


def reasons(case: Case, ranking: Ranking, reasoning: Reasoning, weights: EventWeights) -> list[str]:
    """A sentence per item: what its largest share comes from, and the one or two events that brought most of that."""
    speaker = _Speaker.of(case, reasoning, weights)
    leading = _leading_sources(ranking)
    explored = ranking.shares.get(EXPLORATION, np.zeros(len(ranking.positions)))
    return [
        _new(_category(case, ranking, index))
        if explored[index]
        else _personal(case, ranking, speaker, leading[index], index)
        if ranking.rungs[index] == Rung.PERSONAL
        else _refilled(case, ranking, index)
        for index in range(len(ranking.positions))
    ]


def _leading_sources(ranking: Ranking) -> list[str | None]:
    """Of each item the algorithm with the largest share, popularity only against all others together; None where no
    algorithm speaks for the item.
    """
    names = [name for name in ranking.shares if name in ALGORITHMS]
    if not names:
        return [None] * len(ranking.positions)
    shares = np.column_stack([ranking.shares[name] for name in names])
    if POPULARITY in names:
        place = names.index(POPULARITY)
        others = np.delete(shares, place, axis=1).sum(axis=1)
        shares[:, place] = np.where(shares[:, place] >= others, np.abs(shares).max(axis=1) + 1, 0)
    best = shares.argmax(axis=1)
    return [names[at] if row[at] > 0 else None for at, row in zip(best.tolist(), shares, strict=True)]


def _personal(case: Case, ranking: Ranking, speaker: _Speaker, source: str | None, index: int) -> str:
    if source is None:
        return TASTE
    if source == POPULARITY:
        return _popular(case, _category(case, ranking, index), liked=_turned_to(case, ranking, index))
    cited = speaker.cited(source, index)
    if not cited:
        return WITHOUT_EVENT.get(source, TASTE)
    return ALONE.get(source, TOGETHER).format(which=_which(cited), did=_did(cited))


@dataclass(frozen=True, slots=True)
class _Event:
    title: str
    did: str
    """What the user did, with a place for the title."""


@dataclass(frozen=True, slots=True)
class _Speaker:
    """Finds the events that sentences tell of: none that the user disliked, rated low, hid or never did."""

    by_source: dict[str, NDArray[np.float64]]
    """(k, m) as in `Reasoning`, 0 where no sentence may tell of it"""
    together: NDArray[np.float64]
    """(k, m) over all sources"""
    titles: list[str]
    """(m,)"""
    touches: list[Touch | None]
    """(m,)"""

    @classmethod
    def of(cls, case: Case, reasoning: Reasoning, weights: EventWeights) -> _Speaker:
        view = case.ground.view
        positions = locate(view.item_ids, reasoning.item_ids)
        against = spoken_against(case.person, weights)
        named_against = np.isin(reasoning.item_ids, np.array(sorted(against), np.int64))
        may_be_told = (positions >= 0) & (reasoning.liking > 0) & ~named_against
        by_source = {source: brought * may_be_told for source, brought in reasoning.by_source.items()}
        together = np.sum([*by_source.values()], axis=0) if by_source else np.zeros((0, 0))
        titles = [view.titles[position] if position >= 0 else "" for position in positions.tolist()]
        return cls(
            by_source, together, titles, [reasoning.touches.get(item_id) for item_id in reasoning.item_ids.tolist()]
        )

    def cited(self, source: str, index: int) -> list[_Event]:
        """What brought most, and what brought second most where that matters."""
        if source not in self.by_source:
            return []
        brought = (self.by_source[source] if source in ALONE else self.together)[index]
        most = brought.argsort(kind="stable")[-1:-3:-1].tolist()
        bar = max(MATTERS * brought[most[0]], 0) if most else 0
        return [self._event(at) for at in most if brought[at] > 0 and brought[at] >= bar]

    def _event(self, at: int) -> _Event:
        touch = self.touches[at]
        return _Event(self.titles[at], _verb(touch) if touch else MET)


def _verb(touch: Touch) -> str:
    if touch.named:
        return NAMED
    if touch.type is not EventType.RATING:
        return DID[touch.type]
    value = touch.value or 0.0
    return "rated {} highly" if value >= HIGH else f"gave {{}} {value:g} of 5"


def _did(cited: list[_Event]) -> str:
    """`bought A and liked B`, `liked A and B`."""
    verbs = list(dict.fromkeys(event.did for event in cited))
    titles = [" and ".join(event.title for event in cited if event.did == verb) for verb in verbs]
    return " and ".join(_filled(verb, title) for verb, title in zip(verbs, titles, strict=True))


def _which(cited: list[_Event]) -> str:
    """`A, which you bought, and B, which you liked`; `A and B, which you liked`."""
    verbs = list(dict.fromkeys(event.did for event in cited))
    titles = [" and ".join(event.title for event in cited if event.did == verb) for verb in verbs]
    clauses = [
        f"{title}, which you {' '.join(verb.replace('{}', '').split())}"
        for verb, title in zip(verbs, titles, strict=True)
    ]
    return ", and ".join(clauses)


def _filled(verb: str, title: str) -> str:
    """A title may hold braces itself."""
    return verb.replace("{}", title)


def _refilled(case: Case, ranking: Ranking, index: int) -> str:
    category = _category(case, ranking, index)
    rung = ranking.rungs[index]
    if rung == Rung.SIMILAR:
        return "Similar to what you looked at"
    if rung == Rung.LIKED_CATEGORY:
        return _popular(case, category, liked=True)
    if rung == Rung.POPULAR:
        return LIKE_YOU if _leans_to(case, ranking, index) else WITHOUT_EVENT[POPULARITY]
    if rung == Rung.NAMED_AT_SIGN_UP:
        return "You named it as one that you like"
    if case.ground.column[ranking.positions[index]] < 0:
        return _new(category)
    return f"More from {category}" if category else "More from the catalogue"


def _leans_to(case: Case, ranking: Ranking, index: int) -> bool:
    lean = taste.leaning(case.ground.view, case.release, case.person)
    return lean is not None and bool(lean[case.ground.view.category[ranking.positions[index]]] > 0)


def _turned_to(case: Case, ranking: Ranking, index: int) -> bool:
    """Whether the item is in a category that somebody with few events touched: such categories are lifted for them."""
    if case.algorithm is not Algorithm.HYBRID or not case.person.fade:
        return False
    view = case.ground.view
    learned = taste.learned(view, case.release, case.history)
    return bool(learned[view.category[ranking.positions[index]]] > 0)


def _popular(case: Case, category: str | None, *, liked: bool = False) -> str:
    """With everyone, or in a category of which somebody said something, or that they turned to."""
    stated = category is not None and case.person.preferences.get(category, 0) > 0
    if stated and (liked or case.person.fade > 0):
        return f"Popular in {category}, a category that you chose"
    return f"Popular in {category}, a category that you like" if liked else WITHOUT_EVENT[POPULARITY]


def _new(category: str | None) -> str:
    return f"New in {category}" if category else "New in the catalogue"


def _category(case: Case, ranking: Ranking, index: int) -> str | None:
    view = case.ground.view
    code = int(view.category[ranking.positions[index]])
    return view.category_names[code] if code >= 0 else None
