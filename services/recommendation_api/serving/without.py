"""What an item's score would be had the user not touched another one: everything computed anew, nothing held."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving.explanations import DECIMALS, Float64Array, Reasoning
from recommendation_api.serving.people import Person, crowd
from recommendation_api.serving.ranking import Case, Ranking
from recsys.settings import EventWeights

MOST = 50
"""Histories that are scored anew for one list."""


def losses(case: Case, ranking: Ranking, reasoning: Reasoning, weights: EventWeights) -> Float64Array:
    """(k, m) what the algorithm's own score of each personal item loses without each touched one.

    The share of a cause holds all else fixed; here the history without that item is scored as if it were the user's:
    other weights by age, another number of touched items, another solution of least squares. NaN beyond the `MOST`
    touched items that brought most to the list, and for items that the algorithm did not choose.
    """
    columns = case.ground.column[ranking.positions]
    result = np.full((len(columns), len(reasoning.item_ids)), np.nan)
    personal = np.flatnonzero((ranking.rungs == 0) & (columns >= 0))
    if not len(personal) or not reasoning.by_source:
        return result
    amount = np.sum([np.abs(brought).sum(axis=0) for brought in reasoning.by_source.values()], axis=0)
    asked = np.argsort(-amount, kind="stable")[:MOST]
    people = [case.person, *(_without(case.person, item_id) for item_id in reasoning.item_ids[asked].tolist())]
    histories = crowd(people, case.release.item_ids, weights).histories
    scores = case.release.models[case.algorithm].score_items(histories, columns[personal]).astype(np.float64)
    result[np.ix_(personal, asked)] = np.round(scores[0] - scores[1:], DECIMALS).T
    return result


def _without(person: Person, item_id: int) -> Person:
    kept: NDArray[np.bool_] = person.seen != item_id
    events = [event for event in person.events if event.item_id != item_id]
    return replace(person, seen=person.seen[kept], events=events, liked=person.liked[person.liked != item_id])
