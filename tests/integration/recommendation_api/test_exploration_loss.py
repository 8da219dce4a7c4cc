"""What new items cost the others and what they get, by the product's judge, on a world that the generator drew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from data_generator.plan import Plan
from data_generator.seed.load import seed
from model_trainer.snapshot import read_snapshot
from recommendation_api.catalogue_arrays import CatalogueArrays
from recommendation_api.schemas.recommendations import RecommendationRequest
from recommendation_api.serving.engine import Batch, Question, compute
from recommendation_api.serving.exploration import Explorer
from recommendation_api.serving.live import LiveRelease
from recommendation_api.serving.paging import FIRST
from recommendation_api.serving.people import Crowd, Person
from recsys.algorithms.base import IndexArray, TrainingData
from recsys.algorithms.hybrid import Hybrid
from recsys.algorithms.registry import create
from recsys.domain import Algorithm, Item
from recsys.evaluation.judge import judgement
from recsys.evaluation.splits import judged_users, relevant_items, time_split
from recsys.release import Release
from recsys.reranking.greedy import Dials
from recsys.settings import EventWeights, Settings
from recsys.testing.worlds import END

pytestmark = pytest.mark.integration

WORLD = Plan(users=900, items=1_500, interactions=30_000)
NEW = 75
"""Items that nobody knows: 5 % of the catalogue."""
N = 10
DRAWS = 2
MOST_LOSS = 0.02


@dataclass(frozen=True)
class Judged:
    live: LiveRelease
    items: tuple[Item, ...]
    data: TrainingData
    users: IndexArray

    def lists(self, share: float, day: int) -> list[list[int]]:
        """Item ids by user."""
        histories = self.data.histories.rows(self.users)
        touched = np.split(histories.weights.indices, histories.weights.indptr[1:-1])
        ids = self.data.user_ids[self.users].tolist()
        people = [
            Person(user_id, len(columns), self.data.item_ids[columns])
            for user_id, columns in zip(ids, touched, strict=True)
        ]
        view, now = CatalogueArrays.of(self.items, 1), END + timedelta(days=day)
        batch = Batch(self.live, view, Crowd(people, histories), now, (), EventWeights(), Explorer(share))
        asked = [
            Question(RecommendationRequest(user_id=user_id), row, Dials(), FIRST) for row, user_id in enumerate(ids)
        ]
        return [list(computed.kept.item_ids) for computed in compute(batch, asked)]


@pytest.fixture
def judged(database_url: str, tmp_path: Path) -> tuple[Judged, sparse.csr_array]:
    seed(WORLD, database_url=database_url, state_dir=tmp_path, replace=False, report=lambda *_: None)
    snapshot, weights = read_snapshot(database_url), EventWeights()
    split = time_split(snapshot.events)
    data = snapshot.training_data(split.train, weights)
    names = (Algorithm.POPULARITY, Algorithm.ITEM_BASED, Algorithm.ALS, Algorithm.CONTENT_BASED)
    models = {name: create(name).fit(data) for name in names}
    models[Algorithm.HYBRID] = Hybrid().bind(models)
    release = Release("v1", END, data.user_ids, data.item_ids, data.histories, models)
    content = snapshot.content
    items = [
        Item(int(item_id), title, category=content.category_names[code])
        for item_id, title, code in zip(data.item_ids, content.titles, content.category, strict=True)
    ]
    items += [Item(10**6 + number, f"New {number}", category=items[number].category) for number in range(NEW)]
    relevant = relevant_items(split.test, data.histories, weights=weights)
    return Judged(LiveRelease(release), tuple(items), data, judged_users(relevant)), relevant


def test_new_items_reach_their_first_impressions_at_a_loss_of_at_most_two_in_a_hundred(
    judged: tuple[Judged, sparse.csr_array],
) -> None:
    world, relevant = judged
    column = {item_id: column for column, item_id in enumerate(world.data.item_ids.tolist())}

    def ndcg(lists: list[list[int]]) -> float:
        ranked = np.array([[column.get(item_id, -1) for item_id in one] for one in lists], np.int32)
        return judgement(ranked, relevant, world.users, (N,)).overall[f"ndcg@{N}"]

    share = Settings().exploration_share
    plain = ndcg(world.lists(0.0, 1))
    explored = [world.lists(share, day) for day in range(DRAWS)]
    losses = [1 - ndcg(lists) / plain for lists in explored]
    shown = [item_id for lists in explored for one in lists for item_id in one if item_id >= 10**6]
    assert plain > 0.02
    assert np.mean(losses) <= MOST_LOSS, losses
    assert len(shown) / (DRAWS * len(world.users) * N) == pytest.approx(share, rel=0.2)
    assert len(set(shown)) > NEW / 2
