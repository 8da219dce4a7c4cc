"""A hand-made table: what the protocol counts and what it leaves out."""

from __future__ import annotations

import numpy as np
import pytest

from model_trainer.benchmark.dataset import Dataset, assemble
from model_trainer.benchmark.files import Interactions
from model_trainer.benchmark.scoring import Scoring
from recsys.algorithms.item_based import ItemBased
from recsys.algorithms.popularity import Popularity
from recsys.domain import Algorithm


def _rows(text: str) -> Interactions:
    users, items = zip(*(pair.split(":") for pair in text.split()), strict=True)
    return Interactions(np.array(users), np.array(items), None, None)


def _scored(data: Dataset) -> dict[Algorithm, dict[str, float]]:
    known = data.training_data(data.train)
    models = {Algorithm.POPULARITY: Popularity().fit(known), Algorithm.ITEM_BASED: ItemBased().fit(known)}
    scored = Scoring(known.histories, data.relevant(data.test), (1, 2), data.candidates).score(models)
    return {name: figures for name, (figures, _) in scored.items()}


def test_popularity_by_hand() -> None:
    """By popularity a (3), b (2), c (1): u3 has a and gets b, c; the item outside is missed; u4 gets a, b."""
    data = assemble(_rows("u1:a u2:a u3:a u1:b u2:b u1:c"), _rows("u3:c u3:outside u4:a"), texts={})
    overall = _scored(data)[Algorithm.POPULARITY]
    assert overall["recall@2"] == pytest.approx((1 / 2 + 1) / 2)
    assert overall["hit_rate@1"] == pytest.approx(1 / 2)
    assert overall["ndcg@2"] == pytest.approx(((1 / np.log2(3)) / (1 + 1 / np.log2(3)) + 1) / 2)
    assert overall["map@2"] == pytest.approx((1 / 4 + 1) / 2)
    assert overall["mrr"] == pytest.approx((1 / 2 + 1) / 2)
    assert overall["coverage@2"] == 1


def test_who_has_no_history_gets_the_cold_list_from_every_algorithm() -> None:
    scored = _scored(assemble(_rows("u1:b u2:b u1:c"), _rows("new:b"), texts={"a": ""}))
    assert scored[Algorithm.ITEM_BASED]["hit_rate@1"] == scored[Algorithm.POPULARITY]["hit_rate@1"] == 1


def test_only_candidates_are_ranked() -> None:
    pairs = (np.array(["u3"]), np.array(["c"]))
    data = assemble(_rows("u1:a u2:a u3:a u1:b u2:b u1:c"), _rows("u3:c"), texts={}, candidates=pairs)
    assert _scored(data)[Algorithm.POPULARITY]["hit_rate@1"] == 1
