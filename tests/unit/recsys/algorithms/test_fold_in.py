"""Folding somebody in agrees with fitting everything anew: models of a world that a few users are left out of, asked
for these users, beside models that learned from them too. Judged by the world's true tastes, of which a few users tell
more than by what they happened to do next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from data_generator.plan import Plan
from data_generator.truth import Truth, read_truth, write_truth
from data_generator.world import draw_world
from recsys.algorithms.base import Histories, IndexArray, Recommender, TrainingData
from recsys.algorithms.hybrid import Hybrid
from recsys.algorithms.registry import create
from recsys.domain import Algorithm
from recsys.evaluation.metrics import hits_of, ndcg_at_k
from recsys.evaluation.ranking import rank
from recsys.evaluation.splits import user_split
from recsys.preferences import Events, to_histories
from recsys.settings import EventWeights
from tests.unit.recsys.generated import drawn

USERS, ITEMS = 2000, 1500
PLAN = Plan(users=USERS, items=ITEMS, interactions=70_000, seed=7)
K = 10
OVERLAP, LOSS = 0.8, 0.02
LEFT_OUT = 0.03
FAVOURITES = 75
"""Of a user: the items that suit best in truth, among those not touched."""
SETTINGS: dict[Algorithm, dict[str, Any]] = {
    Algorithm.ALS: {},
    Algorithm.ITEM_BASED: {},
    Algorithm.EASE: {},
    Algorithm.SVD: {"variant": "truncated"},
    Algorithm.USER_BASED: {},
    Algorithm.TRANSITIONS: {},
    Algorithm.CONTENT_BASED: {},
    Algorithm.POPULARITY: {},
}
ALGORITHMS = [*SETTINGS, Algorithm.HYBRID]


@dataclass(frozen=True)
class Asked:
    """Of the users who were left out."""

    histories: Histories
    favourites: sparse.csr_array

    def lists(self, model: Recommender) -> IndexArray:
        return rank(model.fold_in(self.histories), self.histories.weights, K)

    def ndcg(self, lists: IndexArray) -> float:
        return float(ndcg_at_k(hits_of(lists, self.favourites), np.diff(self.favourites.indptr), K).mean())


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    path = tmp_path_factory.mktemp("truth") / "truth.npz"
    write_truth(path, draw_world(PLAN))
    return read_truth(path)


@pytest.fixture(scope="module")
def split() -> tuple[TrainingData, TrainingData, IndexArray]:
    """Without those left out, with them, and who they are; what they did last is in neither."""
    events, content = drawn(PLAN)
    parts = user_split(events, test_users=LEFT_OUT, seed=1)

    def data(of: Events) -> TrainingData:
        histories = to_histories(of, n_users=USERS, n_items=ITEMS, weights=EventWeights())
        users, items = (np.arange(1, size + 1, dtype=np.int64) for size in (USERS, ITEMS))
        return TrainingData(users, items, histories, content, float(events.at.max()))

    names = ("users", "items", "types", "values", "at")
    joined = Events(*(np.concatenate([getattr(parts.train, name), getattr(parts.known, name)]) for name in names))
    return data(parts.train), data(joined), np.unique(parts.known.users).astype(np.int32)


@pytest.fixture(scope="module")
def asked(split: tuple[TrainingData, TrainingData, IndexArray], truth: Truth) -> Asked:
    _, whole, left_out = split
    histories = whole.histories.rows(left_out)
    favourites = np.zeros(histories.weights.shape, np.float32)
    for row, user in enumerate(left_out.tolist()):
        liking = truth.liking(user, np.arange(ITEMS))
        liking[histories.weights.indices[slice(*histories.weights.indptr[row : row + 2])]] = -np.inf
        favourites[row, np.argsort(-liking)[:FAVOURITES]] = 1
    return Asked(histories, sparse.csr_array(favourites))


@pytest.fixture(scope="module")
def models(split: tuple[TrainingData, TrainingData, IndexArray]) -> tuple[dict[Algorithm, Recommender], ...]:
    return tuple(_fitted(data) for data in split[:2])


def _fitted(data: TrainingData) -> dict[Algorithm, Recommender]:
    fitted: dict[Algorithm, Recommender] = {name: create(name, values).fit(data) for name, values in SETTINGS.items()}
    return {**fitted, Algorithm.HYBRID: Hybrid().bind(fitted)}


@pytest.mark.parametrize("name", ALGORITHMS, ids=str)
def test_folding_in_lists_and_is_worth_what_a_full_refit_would(
    models: tuple[dict[Algorithm, Recommender], ...], asked: Asked, name: Algorithm
) -> None:
    folded, refitted = (asked.lists(some[name]) for some in models)
    shared = [len({*one} & {*other}) / K for one, other in zip(folded.tolist(), refitted.tolist(), strict=True)]
    assert np.mean(shared) >= OVERLAP
    assert asked.ndcg(folded) >= (1 - LOSS) * asked.ndcg(refitted)
