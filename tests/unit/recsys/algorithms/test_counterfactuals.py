"""Whether the events that are cited for an item really brought it, over lists of a generated world."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

from recsys.algorithms.base import Histories, IndexArray, Recommender
from recsys.algorithms.hybrid import Hybrid
from recsys.algorithms.registry import create
from recsys.algorithms.weighting import with_data
from recsys.domain import Algorithm
from recsys.testing.histories import without
from tests.unit.recsys.generated import generated_data

N = 10
USERS = 40

Settings = dict[str, Any]

LINEAR: list[tuple[Algorithm, Settings]] = [
    (Algorithm.ITEM_BASED, {}),
    (Algorithm.ITEM_BASED, {"recency": 0.8}),
    (Algorithm.ITEM_BASED, {"text_weight": 0.5}),
    (Algorithm.ITEM_BASED, {"similarity": "bm25", "weighting": "linear"}),
    (Algorithm.CONTENT_BASED, {}),
    (Algorithm.CONTENT_BASED, {"recency": 0.8}),
    (Algorithm.TRANSITIONS, {}),
    (Algorithm.EASE, {}),
    (Algorithm.EASE, {"recency": 0.8}),
    (Algorithm.SVD, {"variant": "truncated", "factors": 32}),
    (Algorithm.SVD, {"variant": "truncated", "factors": 32, "recency": 0.8, "text_weight": 0.5}),
]
ALS: Settings = {"factors": 16, "iterations": 5}
SOLVED: list[tuple[Algorithm, Settings]] = [
    (Algorithm.ALS, ALS),
    (Algorithm.ALS, {**ALS, "recency": 0.9}),
    (Algorithm.ALS, {**ALS, "text_weight": 0.3}),
    (Algorithm.ALS, {**ALS, "dislike_preference": -1.0}),
    (Algorithm.USER_BASED, {}),
    (Algorithm.HYBRID, {}),
    *LINEAR,
]


def named(case: tuple[Algorithm, Settings]) -> str:
    algorithm, settings = case
    return " ".join([algorithm.value, *(f"{name}={value}" for name, value in settings.items())])


@cache
def _fitted(algorithm: Algorithm, settings: tuple[tuple[str, Any], ...]) -> Recommender:
    return create(algorithm, dict(settings)).fit(generated_data())


def fitted(algorithm: Algorithm, settings: Settings) -> Recommender:
    if algorithm is not Algorithm.HYBRID:
        return _fitted(algorithm, tuple(settings.items()))
    names = (Algorithm.ITEM_BASED, Algorithm.CONTENT_BASED, Algorithm.POPULARITY)
    models = {name: fitted(name, {}) for name in names} | {Algorithm.ALS: fitted(Algorithm.ALS, ALS)}
    return Hybrid().bind(models)


def lists(model: Recommender) -> Iterator[tuple[Histories, IndexArray]]:
    """Of some users: what they did, and the best that they had not touched."""
    for user in range(USERS):
        history = generated_data().histories.rows(np.array([user], np.int32))
        scores = model.fold_in(history)[0]
        scores[history.weights.indices] = -np.inf
        yield history, np.argsort(-scores, kind="stable")[:N].astype(np.int32)


def held(history: Histories, entry: int) -> Histories:
    """The history with nothing of one item's events, but with its place in time and among the touched ones."""
    weights = history.weights.data.copy()
    weights[entry] = 0
    return Histories(with_data(history.weights, weights), history.last_at, history.ratings)


def brought(model: Recommender, history: Histories, items: IndexArray) -> np.ndarray:
    """(k, m) over all parts."""
    parts = [part for part in model.explain_parts(history, items).values() if part is not None]
    total: np.ndarray = np.sum(np.array(parts, np.float64), axis=0)
    return total


@pytest.mark.parametrize("case", LINEAR, ids=named)
def test_without_an_event_a_linear_score_is_lower_by_exactly_its_share(case: tuple[Algorithm, Settings]) -> None:
    model = fitted(*case)
    for history, items in lists(model):
        shares = brought(model, history, items)
        before = model.fold_in(history)[0, items].astype(np.float64)
        for entry in {*shares.argmax(axis=1).tolist(), *shares.argmin(axis=1).tolist()}:
            after = model.fold_in(held(history, entry))[0, items]
            single = 1e-6 * max(1.0, float(np.abs(before).max()))  # scores are of single precision
            np.testing.assert_allclose(before - after, shares[:, entry], rtol=0, atol=single)


@pytest.mark.parametrize("source", [Algorithm.ITEM_BASED, Algorithm.CONTENT_BASED])
def test_so_is_a_linear_part_of_the_hybrid(source: Algorithm) -> None:
    model = fitted(Algorithm.HYBRID, {})
    for history, items in lists(model):
        shares = model.explain_parts(history, items)[source]
        assert shares is not None
        for entry in set(shares.argmax(axis=1).tolist()):
            before, after = (model.parts(each)[source][0, items] for each in (history, held(history, entry)))
            np.testing.assert_allclose(before - after, shares[:, entry], rtol=0, atol=1e-6)


@pytest.mark.parametrize("case", SOLVED, ids=named)
def test_without_a_cited_event_the_score_is_lower_nearly_always(case: tuple[Algorithm, Settings]) -> None:
    """All computed anew: the events that would be told are the ones that brought most, where that is something."""
    model = fitted(*case)
    lower: list[bool] = []
    for history, items in lists(model):
        shares = brought(model, history, items)
        cited = shares.argmax(axis=1)
        now = model.score_items(history, items)[0]
        losses = {entry: now - model.score_items(without(history, entry), items)[0] for entry in set(cited.tolist())}
        lower += [losses[entry][at] > 0 for at, entry in enumerate(cited.tolist()) if shares[at, entry] > 0]
    assert len(lower) > 0.9 * USERS * N
    assert np.mean(lower) >= 0.95
