"""Why an item stands where it stands: shares that sum to the score, and the user's own events behind them."""

from __future__ import annotations

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
    causes = {
        source: _causes(reasoning, source, ranking.shares[source], shares[:, place], losses)
        for place, source in enumerate(sources)
        if reasoning.touches and source in reasoning.by_source
    }
    return [
        _explanation({source: share for source, share in zip(sources, row, strict=True) if share}, causes, index)
        for index, row in enumerate(shares.tolist())
    ]


def _explanation(
    shares: Mapping[str, float], causes: Mapping[str, Sequence[tuple[Cause, ...]]], index: int
) -> Explanation:
    parts = [Part(source, share, causes[source][index] if source in causes else ()) for source, share in shares.items()]
    return Explanation(tuple(sorted(parts, key=lambda part: -part.share)))


def _causes(
    reasoning: Reasoning, source: str, exact: Float64Array, told: Float64Array, losses: Float64Array | None
) -> list[tuple[Cause, ...]]:
    """The events behind one source's part of each item, largest first; none where they do not make up the whole."""
    brought = reasoning.by_source[source]
    off = np.abs(brought.sum(axis=1) - exact)
    whole = off <= ROUNDING * np.abs(brought).sum(axis=1) + 1 / UNITS
    shares = np.where(whole[:, None], shared_out(brought, told), 0)
    order = np.argsort(-np.abs(shares), axis=1, kind="stable")
    item_ids = reasoning.item_ids[order].tolist()
    lost = np.take_along_axis(losses, order, axis=1) if losses is not None else np.full_like(shares, np.nan)
    rows = zip(item_ids, np.take_along_axis(shares, order, axis=1).tolist(), lost.tolist(), strict=True)
    return [
        tuple(
            Cause(item_id, reasoning.touches[item_id].type, share, None if loss != loss else loss)  # noqa: PLR0124 - NaN
            for item_id, share, loss in zip(*row, strict=True)
            if share
        )
        for row in rows
    ]


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
