"""On data of the default size, folding people in foretells what they did next as well as a full refit does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from scipy import sparse

from data_generator.plan import Plan
from recsys.algorithms.base import Histories, IndexArray, Recommender, TrainingData
from recsys.algorithms.hybrid import Hybrid
from recsys.algorithms.registry import create
from recsys.domain import Algorithm
from recsys.evaluation.metrics import hits_of, ndcg_at_k
from recsys.evaluation.ranking import rank
from recsys.evaluation.splits import relevant_items, user_split
from recsys.preferences import Events, to_histories
from recsys.settings import EventWeights
from tests.unit.recsys.generated import drawn

PLAN = Plan(users=10_000, items=50_000, interactions=500_000, seed=7)
LEFT_OUT = 0.03
K, BATCH = 10, 100
OVERLAP, LOSS = 0.8, 0.02
NAMES = [
    *(Algorithm.ALS, Algorithm.ITEM_BASED, Algorithm.SVD, Algorithm.USER_BASED),
    *(Algorithm.TRANSITIONS, Algorithm.CONTENT_BASED, Algorithm.POPULARITY),
]
"""Of those that a catalogue of this size allows."""
Lists = dict[Algorithm, IndexArray]


@pytest.fixture(scope="module")
def parts() -> tuple[TrainingData, TrainingData, Histories, sparse.csr_array]:
    """Without those left out, with them, their histories, and what they came to like next."""
    events, content = drawn(PLAN)
    split = user_split(events, test_users=LEFT_OUT, seed=1)

    def data(of: Events) -> TrainingData:
        histories = to_histories(of, n_users=PLAN.users, n_items=PLAN.items, weights=EventWeights())
        users, items = (np.arange(1, size + 1, dtype=np.int64) for size in (PLAN.users, PLAN.items))
        return TrainingData(users, items, histories, content, float(events.at.max()))

    names = ("users", "items", "types", "values", "at")
    whole = data(Events(*(np.concatenate([getattr(split.train, n), getattr(split.known, n)]) for n in names)))
    relevant = relevant_items(split.test, whole.histories, weights=EventWeights())
    left_out = np.unique(split.known.users).astype(np.int32)
    asked = left_out[np.diff(relevant.indptr)[left_out] > 0]
    return data(split.train), whole, whole.histories.rows(asked), relevant[asked]


@pytest.fixture(scope="module")
def lists(parts: tuple[TrainingData, TrainingData, Histories, sparse.csr_array]) -> list[Lists]:
    """Of models that never saw these users, and of models that learned from them too."""
    return [_lists(data, parts[2]) for data in parts[:2]]


def _lists(data: TrainingData, asked: Histories) -> Lists:
    models = {name: create(name, {"variant": "truncated"} if name is Algorithm.SVD else {}) for name in NAMES}
    for model in models.values():
        model.fit(data)
    models[Algorithm.HYBRID] = Hybrid().bind(models)
    return {name: np.vstack([*_batches(model, asked)]) for name, model in models.items()}


def _batches(model: Recommender, asked: Histories) -> Iterator[IndexArray]:
    for first in range(0, len(asked), BATCH):
        some = asked.rows(np.arange(first, min(first + BATCH, len(asked)), dtype=np.int32))
        yield rank(model.fold_in(some), some.weights, K)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [*NAMES, Algorithm.HYBRID], ids=str)
def test_folding_in_foretells_what_a_full_refit_would(
    parts: tuple[TrainingData, TrainingData, Histories, sparse.csr_array], lists: list[Lists], name: Algorithm
) -> None:
    folded, refitted = (some[name] for some in lists)
    shared = [len({*one} & {*other}) / K for one, other in zip(folded.tolist(), refitted.tolist(), strict=True)]
    assert np.mean(shared) >= OVERLAP
    n_relevant = np.diff(parts[3].indptr)
    worth = [ndcg_at_k(hits_of(some, parts[3]), n_relevant, K).mean() for some in (folded, refitted)]
    assert worth[0] >= (1 - LOSS) * worth[1]
