"""Why an item stands where it stands: shares that sum to the score, and the user's own events behind them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving.ranking import Case, Ranking
from recommendation_api.serving.touches import Touch, touches
from recsys.domain import Cause, Explanation, Part
from recsys.settings import EventWeights

DECIMALS = 6
UNITS = 10**DECIMALS
"""Shares are told in whole ones of these."""
ROUNDING = 1e-5
"""By how much, as a share of all that the events brought, single precision may put their sum off its part."""

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reasoning:
    """How much each touched item brought to each listed one, in the units of the shares."""

    item_ids: NDArray[np.int64]
    """(m,) the user's touched items, as the release knows them"""
    liking: NDArray[np.float32]
    """(m,) the weight of all events on each"""
    touches: Mapping[int, Touch]
    """What was done with each; empty where only the summed weights are known."""
    by_source: Mapping[str, Float64Array]
    """(k, m)"""


def reason_about(case: Case, ranking: Ranking, weights: EventWeights) -> Reasoning:
    """Ask the model which events speak for the personal items of `ranking`; refilled ones get zeros."""
    columns = case.ground.column[ranking.positions]
    personal = np.flatnonzero((ranking.rungs == 0) & (columns >= 0))
    touched, liking = case.history.weights.indices, case.history.weights.data
    by_source = {}
    if len(personal) and len(touched):
        model = case.release.models[case.algorithm]
        for source, brought in model.explain_parts(case.history, columns[personal]).items():
            if brought is not None:
                full = np.zeros((len(columns), len(touched)))
                full[personal] = brought
                by_source[source] = full
    item_ids = case.release.item_ids[touched]
    return Reasoning(item_ids, liking, touches(case.person, item_ids, liking, weights), by_source)


def explanations(
    ranking: Ranking, reasoning: Reasoning, scores: Sequence[float], losses: Float64Array | None = None
) -> list[Explanation]:
    """Of each item its parts, largest first, in whole units that sum to its score.

    Args:
        ranking: the list
        reasoning: the events behind it
        scores: (k,) as they are told
        losses: (k, m) what each score would lose without each touched item; NaN where that is not told
    """
    sources = [*ranking.shares]
    if not sources:
        return []
    shares = shared_out(np.column_stack([*ranking.shares.values()]), np.array(scores))
    causes = _causes(ranking, reasoning, dict(zip(sources, shares.T, strict=True)), losses)
    return [
        _explanation({source: share for source, share in zip(sources, row, strict=True) if share}, causes, index)
        for index, row in enumerate(shares.tolist())
    ]


def _explanation(shares: Mapping[str, float], causes: Mapping[str, Sequence[list[Cause]]], index: int) -> Explanation:
    parts = [Part(source, share, causes[source][index] if source in causes else ()) for source, share in shares.items()]
    return Explanation(tuple(sorted(parts, key=lambda part: -part.share)))


def _causes(
    ranking: Ranking, reasoning: Reasoning, told: Mapping[str, Float64Array], losses: Float64Array | None
) -> dict[str, list[list[Cause]]]:
    """By source the events behind its part of each item, largest first; none where they do not make up the whole."""
    sources = [source for source in told if source in reasoning.by_source]
    if not reasoning.touches or not sources:
        return {}
    brought = np.concatenate([reasoning.by_source[source] for source in sources])
    exact = np.concatenate([ranking.shares[source] for source in sources])
    off = np.abs(brought.sum(axis=1) - exact)
    whole = off <= ROUNDING * np.abs(brought).sum(axis=1) + 1 / UNITS
    shares = shared_out(brought, np.concatenate([told[source] for source in sources])) * whole[:, None]
    order = np.argsort(-np.abs(shares), axis=1, kind="stable")
    counts = np.count_nonzero(shares, axis=1).tolist()
    types = np.array([reasoning.touches[item_id].type.value for item_id in reasoning.item_ids.tolist()], object)
    columns = [reasoning.item_ids[order].tolist(), types[order].tolist(), _in_order(shares, order)]
    if losses is not None:
        columns.append(_in_order(np.tile(losses, (len(sources), 1)), order))
    rows = [_cause_row(*(each[:count] for each in row)) for count, *row in zip(counts, *columns, strict=True)]
    k = len(ranking.positions)
    return {source: rows[place * k : (place + 1) * k] for place, source in enumerate(sources)}


def _in_order(values: Float64Array, order: NDArray[np.int64]) -> list[list[float]]:
    rows: list[list[float]] = np.take_along_axis(values, order, axis=1).tolist()
    return rows


def _cause_row(item_ids: list[int], types: list[str], shares: list[float], losses: Sequence[float] = ()) -> list[Cause]:
    causes: list[Cause] = [
        {"item_id": item_id, "type": kind, "share": share}
        for item_id, kind, share in zip(item_ids, types, shares, strict=True)
    ]
    for cause, loss in zip(causes, losses, strict=False):
        if not math.isnan(loss):
            cause["without"] = loss
    return causes


def shared_out(values: Float64Array, totals: Float64Array) -> Float64Array:
    """Rows of shares in whole units that sum to their totals, each within one unit of its value: largest remainders.

    What is missing beyond that, where the values do not sum to the total, goes to the largest one.

    Args:
        values: (k, m)
        totals: (k,)
    """
    if not values.size:
        return values
    exact = values * UNITS
    units = np.rint(exact)
    missing = np.rint(totals * UNITS) - units.sum(axis=1)
    place = np.argsort(np.argsort(units - exact, axis=1, kind="stable"), axis=1, kind="stable")
    count = values.shape[1]
    few = np.clip(missing, -count, count)[:, None]
    units += (place < few).astype(np.float64) - (place >= count + few)
    rest = missing - few[:, 0]
    units[np.arange(len(units)), np.abs(exact).argmax(axis=1)] += rest
    told: Float64Array = units / UNITS
    return told
