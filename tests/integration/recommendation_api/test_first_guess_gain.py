"""What age, gender and country are worth for somebody's first list, by the product's judge, on a generated world."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from data_generator.plan import Plan
from data_generator.seed.load import seed
from model_trainer.snapshot import Snapshot, read_snapshot
from recommendation_api.catalogue_arrays import CatalogueArrays
from recommendation_api.schemas.recommendations import RecommendationRequest
from recommendation_api.serving.engine import Batch, Question, compute
from recommendation_api.serving.live import LiveRelease
from recommendation_api.serving.paging import FIRST
from recommendation_api.serving.people import Crowd, Person
from recsys.algorithms.base import Histories, IndexArray, Recommender
from recsys.algorithms.hybrid import Hybrid, HybridConfig
from recsys.algorithms.popularity import Popularity
from recsys.catalogue_copy import CatalogueCopy, Offers
from recsys.demographics import UNKNOWN, DemographicPrior
from recsys.domain import Algorithm
from recsys.evaluation.judge import judgement
from recsys.evaluation.splits import judged_users, relevant_items
from recsys.release import Release
from recsys.reranking.greedy import Dials
from recsys.settings import EventWeights
from recsys.testing.worlds import END

pytestmark = pytest.mark.integration

WORLD = Plan(users=3_000, items=3_000, interactions=90_000)
STRANGERS = 0.3
"""Share of the users of whom the release has never heard."""


@dataclass(frozen=True)
class Strangers:
    """People without an event, and what they turned out to like."""

    release: Release
    snapshot: Snapshot
    users: IndexArray
    relevant: sparse.csr_array

    def ndcg(self, *, tell: bool) -> NDArray[np.float64]:
        """Of each one's first list, where they `tell` who they are or not."""
        people = [
            Person(int(user), 0, np.empty(0, np.int64), groups=self._said(user, tell=tell)) for user in self.users
        ]
        copy = CatalogueCopy.of(self.snapshot.content, Offers.unbounded(len(self.snapshot.item_ids)))
        view = CatalogueArrays.copied(self.snapshot.item_ids, copy)
        crowd = Crowd(people, Histories.empty(len(people), len(self.snapshot.item_ids)))
        batch = Batch(LiveRelease(self.release), view, crowd, END, (), EventWeights())
        requests = [RecommendationRequest(user_id=person.user_id + 1) for person in people]
        lists = compute(batch, [Question(request, row, Dials(), FIRST) for row, request in enumerate(requests)])
        listed = np.array([computed.kept.item_ids for computed in lists])
        ranked = np.searchsorted(self.snapshot.item_ids, listed).astype(np.int32)
        return np.asarray(judgement(ranked, self.relevant, self.users, (10,)).per_user["ndcg@10"])

    def _said(self, user: int, *, tell: bool) -> dict[str, str]:
        groups = self.snapshot.groups
        return {name: of[user] for name, of in groups.items() if tell and of[user] != UNKNOWN}


@pytest.fixture
def strangers(database_url: str, tmp_path: Path) -> Strangers:
    seed(WORLD, database_url=database_url, state_dir=tmp_path, replace=False, report=lambda *_: None)
    snapshot, weights = read_snapshot(database_url), EventWeights()
    unheard = np.random.default_rng(0).random(len(snapshot.user_ids)) < STRANGERS
    by_strangers = unheard[snapshot.events.users]
    data = snapshot.training_data(snapshot.events.where(~by_strangers), weights)
    popularity = Popularity().fit(data)
    models: dict[Algorithm, Recommender] = {Algorithm.POPULARITY: popularity}
    models[Algorithm.HYBRID] = Hybrid(HybridConfig({"popularity": 1.0})).bind(models)
    content = data.content
    known = data.histories, content.category, content.category_names, snapshot.groups
    prior = DemographicPrior.fit(*known, popularity.scores)
    release = Release("v1", END, data.user_ids, data.item_ids, data.histories, models, demographics=prior)
    relevant = relevant_items(snapshot.events.where(by_strangers), data.histories, weights=weights)
    return Strangers(release, snapshot, judged_users(relevant), relevant)


def test_the_first_lists_of_people_who_tell_who_they_are_are_worth_more(strangers: Strangers) -> None:
    silent, told = strangers.ndcg(tell=False), strangers.ndcg(tell=True)
    gain = told - silent
    assert len(gain) > 500
    assert gain.mean() > 2 * gain.std() / np.sqrt(len(gain))
