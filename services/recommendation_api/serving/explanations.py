"""Why an item stands where it stands: shares that sum to the score, and the user's own events behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving.people import Person
from recommendation_api.serving.ranking import Case, Ranking
from recsys.domain import Cause, EventType, Explanation, Part
from recsys.settings import EventWeights

DECIMALS = 6
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Reasoning:
    """How much each touched item brought to each listed one, in the units of the shares."""

    item_ids: NDArray[np.int64]
    """(m,) the user's touched items, as the release knows them"""
    types: Mapping[int, EventType]
    """The strongest event on each; empty where only the summed weights are known."""
    by_source: Mapping[str, NDArray[np.float64]]
    """(k, m)"""


def reason_about(case: Case, ranking: Ranking, weights: EventWeights) -> Reasoning:
    """Ask the model which events speak for the personal items of `ranking`; refilled ones get zeros."""
    columns = case.ground.column[ranking.positions]
    personal = np.flatnonzero((ranking.rungs == 0) & (columns >= 0))
    touched = case.history.weights.indices
    by_source = {}
    if len(personal) and len(touched):
        model = case.release.models[case.algorithm]
        for source, brought in model.explain_parts(case.history, columns[personal]).items():
            if brought is not None:
                full = np.zeros((len(columns), len(touched)))
                full[personal] = brought
                by_source[source] = full
    return Reasoning(case.release.item_ids[touched], _types(case.person, weights), by_source)


def _types(person: Person, weights: EventWeights) -> dict[int, EventType]:
    """The event that weighs most for each item; an item named at sign-up counts as liked."""
    types = dict.fromkeys(person.liked.tolist(), EventType.LIKE)
    heaviest: dict[int, float] = {}
    for event in person.events:
        weight = getattr(weights, event.type.value)
        if event.type is EventType.RATING:
            weight *= (event.value or 0) - weights.rating_neutral
        if abs(weight) >= abs(heaviest.get(event.item_id, 0)):
            heaviest[event.item_id] = weight
            types[event.item_id] = event.type
    return types


def explanation(ranking: Ranking, reasoning: Reasoning, index: int, score: float) -> Explanation:
    """Parts of the item at `index`, largest first; rounded so that they still sum to `score`."""
    sources = [source for source, share in ranking.shares.items() if share[index]]
    shares = rounded([float(ranking.shares[source][index]) for source in sources], score)
    parts = [
        Part(source, share, _causes(ranking, reasoning, source, index, share))
        for source, share in zip(sources, shares, strict=True)
        if share
    ]
    return Explanation(tuple(sorted(parts, key=lambda part: -part.share)))


def _causes(ranking: Ranking, reasoning: Reasoning, source: str, index: int, share: float) -> tuple[Cause, ...]:
    """The events behind one part; none where they do not make up the whole of it."""
    brought = reasoning.by_source.get(source)
    if brought is None or not reasoning.types:
        return ()
    row = brought[index]
    if abs(row.sum() - ranking.shares[source][index]) > max(TOLERANCE, 1e-3 * abs(share)):
        return ()
    order = np.argsort(-np.abs(row), kind="stable")
    order = order[np.abs(row[order]) >= 0.5 * 10**-DECIMALS]
    item_ids = reasoning.item_ids[order].tolist()
    return tuple(
        Cause(item_id, reasoning.types[item_id], value)
        for item_id, value in zip(item_ids, rounded(row[order].tolist(), share), strict=True)
        if value
    )


def rounded(values: Sequence[float], total: float) -> list[float]:
    """`values` to six decimals; the largest one takes what is missing to `total`."""
    result = [round(value, DECIMALS) for value in values]
    if result:
        largest = max(range(len(result)), key=lambda index: abs(result[index]))
        rest = sum(result) - result[largest]
        result[largest] = round(total - rest, DECIMALS)
    return result
