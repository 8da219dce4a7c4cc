from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recsys.algorithms.base import Histories, Recommender
from recsys.algorithms.hybrid import Hybrid, HybridConfig
from recsys.algorithms.item_based import ItemBased
from recsys.algorithms.popularity import Popularity
from recsys.domain import Algorithm
from recsys.evaluation.judge import judge, judge_all, judgement
from recsys.evaluation.metrics import gini
from recsys.testing.histories import data_of, histories_of

HISTORIES = histories_of([{0: 1, 1: 1}, {0: 1, 2: 1}, {1: 1, 2: 1, 3: 1}, {3: 1, 4: 1}], 6)
RELEVANT = sparse.csr_array(np.array([[0, 0, 1, 0, 0, 0], [0, 1, 0, 0, 0, 1], [0] * 6, [0, 0, 1, 0, 0, 0]], np.float32))
USERS = np.array([0, 1, 3], np.int32)


@pytest.fixture(scope="module")
def models() -> dict[str, Recommender]:
    data = data_of(HISTORIES)
    fitted: dict[Algorithm, Recommender] = {
        Algorithm.ITEM_BASED: ItemBased().fit(data),
        Algorithm.POPULARITY: Popularity().fit(data),
    }
    hybrid = Hybrid(HybridConfig({"item_based": 0.6, "popularity": 0.4})).bind(fitted)
    return {"hybrid": hybrid, **{name.value: model for name, model in fitted.items()}}


def test_judges_the_lists_of_the_whole_catalogue_without_what_was_touched(models: dict[str, Recommender]) -> None:
    found = judge(models["item_based"], HISTORIES, RELEVANT, USERS, ks=(2, 3))
    scores = models["item_based"].fold_in(HISTORIES.rows(USERS))
    for row, user in enumerate(USERS):
        touched = HISTORIES.weights[[user]].indices
        eligible = [item for item in range(6) if item not in touched]
        expected = sorted(eligible, key=lambda item: (-scores[row, item], item))
        assert found.ranked[row, : len(expected)].tolist() == expected
        assert (found.ranked[row, len(expected) :] == -1).all()


def test_the_overall_figures_are_the_means_over_users(models: dict[str, Recommender]) -> None:
    found = judge(models["item_based"], HISTORIES, RELEVANT, USERS, ks=(2,))
    assert set(found.per_user) == {"mrr", "precision@2", "recall@2", "ndcg@2", "hit_rate@2", "map@2"}
    for name, values in found.per_user.items():
        assert values.shape == (3,)
        assert found.overall[name] == pytest.approx(values.mean())
    assert {"coverage@2", "gini@2"} < set(found.overall)


def test_the_figures_are_those_of_the_lists() -> None:
    ranked = np.array([[2, 3], [3, 5], [0, 1]], np.int32)
    found = judgement(ranked, RELEVANT, USERS, ks=(2,))
    assert found.per_user["recall@2"].tolist() == [1.0, 0.5, 0.0]
    assert found.per_user["precision@2"].tolist() == [0.5, 0.5, 0.0]
    assert found.per_user["mrr"].tolist() == [1.0, 0.5, 0.0]
    assert found.overall["coverage@2"] == pytest.approx(5 / 6)
    assert found.overall["gini@2"] == pytest.approx(gini(np.array([1, 1, 1, 2, 0, 1])))


@pytest.mark.parametrize("batch", [1, 2, 50])
def test_the_batch_does_not_matter(models: dict[str, Recommender], batch: int) -> None:
    found = judge_all(models, HISTORIES, RELEVANT, USERS, ks=(2,), batch=batch)
    for name, model in models.items():
        alone = judge(model, HISTORIES, RELEVANT, USERS, ks=(2,))
        np.testing.assert_array_equal(found[name].ranked, alone.ranked)
        assert found[name].overall == alone.overall


def test_components_that_are_judged_too_are_asked_once(models: dict[str, Recommender]) -> None:
    asked: list[str] = []

    class Counted(ItemBased):
        def score(
            self, users: np.ndarray[tuple[int], np.dtype[np.int32]], histories: Histories
        ) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
            asked.append("item_based")
            return super().score(users, histories)

    counted = Counted().fit(data_of(HISTORIES))
    bound = {Algorithm.ITEM_BASED: counted, Algorithm.POPULARITY: models["popularity"]}
    hybrid = Hybrid(HybridConfig({"item_based": 0.6, "popularity": 0.4})).bind(bound)
    judge_all({"hybrid": hybrid, "item_based": counted}, HISTORIES, RELEVANT, USERS)
    assert asked == ["item_based"]


def test_components_are_asked_about_their_own_users_judged_too_or_not(models: dict[str, Recommender]) -> None:
    class Knowing(Popularity):
        """Has learned something of its users that their histories do not say."""

        def score(
            self, users: np.ndarray[tuple[int], np.dtype[np.int32]], histories: Histories
        ) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
            return self.fold_in(histories) * (-1.0) ** users[:, None].astype(np.float32)

    knowing = Knowing().fit(data_of(HISTORIES))
    hybrid = Hybrid(HybridConfig({"popularity": 1.0})).bind({Algorithm.POPULARITY: knowing})
    alone = judge(hybrid, HISTORIES, RELEVANT, USERS)
    together = judge_all({"hybrid": hybrid, "popularity": knowing}, HISTORIES, RELEVANT, USERS)
    np.testing.assert_array_equal(alone.ranked, together["popularity"].ranked)
    np.testing.assert_array_equal(together["hybrid"].ranked, together["popularity"].ranked)
    assert (alone.ranked != judge(models["popularity"], HISTORIES, RELEVANT, USERS).ranked).any()


def test_only_candidates_are_ranked_where_there_are_some(models: dict[str, Recommender]) -> None:
    candidates = sparse.csr_array(np.array([[0, 0, 1, 0, 0, 1]] * 4, np.float32))
    found = judge(models["popularity"], HISTORIES, RELEVANT, USERS, ks=(2,), candidates=candidates)
    assert set(found.ranked[found.ranked >= 0].tolist()) <= {2, 5}


def test_nobody_to_judge_is_judged_as_nothing(models: dict[str, Recommender]) -> None:
    found = judge(models["popularity"], HISTORIES, RELEVANT, np.empty(0, np.int32), ks=(2,))
    assert found.overall["ndcg@2"] == 0
    assert found.ranked.shape == (0, 100)
