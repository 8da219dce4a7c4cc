"""The command's figures against the protocol written down once more: sets, sorted lists and loops over them."""

from __future__ import annotations

from collections import defaultdict
from math import log2
from statistics import fmean

import numpy as np
import pytest

from model_trainer.benchmark.dataset import Dataset, assemble
from model_trainer.benchmark.files import Interactions
from model_trainer.benchmark.scoring import Scoring
from recsys.algorithms.base import Recommender
from recsys.algorithms.item_based import ItemBased
from recsys.algorithms.popularity import Popularity
from recsys.domain import Algorithm

KS = (1, 3, 7, 40)
DEEPEST = 100
Pair = tuple[str, str]


def _drawn(rng: np.random.Generator, n: int, users: int, items: int) -> Interactions:
    """Favourites among the items, repeated pairs."""
    of_users, of_items = rng.integers(users, size=n), (items * rng.random(n) ** 2).astype(int)
    names = np.array([f"u{user}" for user in of_users]), np.array([f"i{item}" for item in of_items])
    return Interactions(*names, rng.integers(1, 6, size=n).astype(np.float64), None)


def _pairs(given: Interactions) -> set[Pair]:
    return set(zip(given.users.tolist(), given.items.tolist(), strict=True))


def _scores(model: Recommender, data: Dataset) -> dict[str, dict[str, float]]:
    everybody = np.arange(len(data.user_ids), dtype=np.int32)
    table = model.score(everybody, data.training_data(data.train).histories)
    items = data.item_ids.tolist()
    return {
        user: dict(zip(items, row, strict=True))
        for user, row in zip(data.user_ids.tolist(), table.tolist(), strict=True)
    }


def _expected(
    warm: dict[str, dict[str, float]],
    cold: dict[str, dict[str, float]],
    train: set[Pair],
    relevant: set[Pair],
    candidates: set[Pair] | None,
) -> dict[str, float]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for user, item in relevant:
        wanted[user].add(item)
    known = {user for user, _ in train}
    told: dict[str, list[float]] = defaultdict(list)
    shown: dict[int, set[str]] = defaultdict(set)
    catalogue = 0
    for user, items in wanted.items():
        scores = (warm if user in known else cold)[user]
        catalogue = len(scores)
        ranking = sorted(
            (
                item
                for item in scores
                if (user, item) not in train and (candidates is None or (user, item) in candidates)
            ),
            key=lambda item: (-scores[item], item),
        )
        first = next((place for place, item in enumerate(ranking[:DEEPEST], 1) if item in items), None)
        told["mrr"].append(1 / first if first else 0)
        for k in KS:
            places = [place for place, item in enumerate(ranking[:k], 1) if item in items]
            best = min(k, len(items))
            ideal = sum(1 / log2(place + 1) for place in range(1, best + 1))
            told[f"recall@{k}"].append(len(places) / len(items))
            told[f"precision@{k}"].append(len(places) / k)
            told[f"hit_rate@{k}"].append(bool(places))
            told[f"ndcg@{k}"].append(sum(1 / log2(place + 1) for place in places) / ideal)
            told[f"map@{k}"].append(sum(nth / place for nth, place in enumerate(places, 1)) / best)
            shown[k] |= set(ranking[:k])
    return {name: fmean(values) for name, values in told.items()} | {
        f"coverage@{k}": len(items) / catalogue for k, items in shown.items()
    }


@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize("min_value", [None, 3.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_metric_is_what_the_protocol_says(*, seed: int, min_value: float | None, sampled: bool) -> None:
    rng = np.random.default_rng(seed)
    train, test = _drawn(rng, 300, 30, 40), _drawn(rng, 150, 36, 44)
    asked = _drawn(rng, 500, 36, 44) if sampled else None
    data = assemble(
        train, test, texts={}, candidates=(asked.users, asked.items) if asked else None, min_value=min_value
    )
    known = data.training_data(data.train)
    models = {Algorithm.POPULARITY: Popularity().fit(known), Algorithm.ITEM_BASED: ItemBased().fit(known)}
    scoring = Scoring(known.histories, data.relevant(data.test), KS, data.candidates)
    liked = test.values >= (min_value or 0) if test.values is not None else None
    relevant = set(zip(test.users[liked].tolist(), test.items[liked].tolist(), strict=True))
    cold = _scores(models[Algorithm.POPULARITY], data)
    for name, (figures, _) in scoring.score(models).items():
        expected = _expected(
            _scores(models[name], data), cold, _pairs(train), relevant, _pairs(asked) if asked else None
        )
        assert {metric: figures[metric] for metric in expected} == pytest.approx(expected, abs=1e-6), name
