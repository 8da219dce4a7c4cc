"""The promises of algorithms that use what a user did, in terms of the small world; `behaviour` has the rest."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender, TrainingData
from recsys.evaluation.ranking import rank
from recsys.testing.behaviour import RecommenderBehaviour, assert_close, only, sum_of
from recsys.testing.histories import histories_of, without
from recsys.testing.worlds import SmallWorld


class PersonalBehaviour(RecommenderBehaviour):
    """Promises of an algorithm that scores by the user's own events."""

    prior: ClassVar[bool] = False
    """Whether a user without events gets an order; otherwise every score is zero."""

    def test_an_empty_history_scores_zero(self, model: Recommender, data: TrainingData) -> None:
        assert self.prior == bool(model.fold_in(Histories.empty(1, len(data.item_ids))).any())

    def test_one_event_changes_the_answer(self, model: Recommender, data: TrainingData, world: SmallWorld) -> None:
        for category in world.categories:
            liked = world.items_of(category)[2] - 1
            scores = model.fold_in(histories_of([{liked: 4.0}], len(data.item_ids)))
            own = data.content.category == data.content.category[liked]
            assert scores[0, own].mean() > scores[0, ~own].mean()

    def test_lovers_of_a_category_get_it(self, model: Recommender, data: TrainingData, world: SmallWorld) -> None:
        for category, user_ids in world.lovers.items():
            users = np.array(user_ids, np.int32) - 1
            best = _best(model, data, users, 5)
            wanted = data.content.category_names.index(category)
            assert (data.content.category[best] == wanted).mean() > 0.9

    def test_disliked_items_push_their_neighbours_down(
        self, model: Recommender, data: TrainingData, world: SmallWorld
    ) -> None:
        history = data.histories.rows(only(world.disliker - 1))
        liked = {int(c): float(w) for c, w in zip(history.weights.indices, history.weights.data, strict=True) if w > 0}
        without_dislikes = _by_category(model, data, histories_of([liked], len(data.item_ids)), world.loved_category)
        change = _by_category(model, data, history, world.loved_category) - without_dislikes
        assert data.content.category_names[int(change.argmin())] == world.disliked_category
        assert change.min() < 2 * min(0.0, np.sort(change)[1])

    def test_similar_items_are_of_the_same_kind(self, model: Recommender, data: TrainingData) -> None:
        popular = np.argsort(-np.bincount(data.histories.weights.indices), kind="stable")[:40].astype(np.int32)
        near = model.similar(popular)
        near[np.arange(len(popular)), popular] = -np.inf
        best = np.argsort(-near, axis=1)[:, :4]
        assert (data.content.category[best] == data.content.category[popular][:, None]).mean() > 0.9

    # --- explanations ---

    def test_each_event_has_its_share(self, model: Recommender, data: TrainingData) -> None:
        history, items = data.histories.rows(only(20)), np.array([0, 1, 50, 119], np.int32)
        assert _explained(model, history, items).shape == (4, history.weights.nnz)

    def test_shares_add_up_to_the_explained_parts(
        self, model: Recommender, data: TrainingData, world: SmallWorld
    ) -> None:
        items = np.arange(0, len(data.item_ids), 7, dtype=np.int32)
        for user in (world.disliker - 1, *range(0, len(data.user_ids) - 1, 9)):
            history = data.histories.rows(only(user))
            parts = model.parts(history)
            for source, brought in model.explain_parts(history, items).items():
                if brought is not None:
                    assert_close(brought.sum(axis=1), parts[source][0, items])

    def test_all_events_together_explain(self, model: Recommender, data: TrainingData) -> None:
        history, items = data.histories.rows(only(12)), np.array([5, 9, 11], np.int32)
        parts = [part for part in model.explain_parts(history, items).values() if part is not None]
        assert_close(sum_of(parts), _explained(model, history, items))

    def test_without_its_best_reason_an_item_scores_lower(self, model: Recommender, data: TrainingData) -> None:
        for user in range(0, 90, 10):
            history = data.histories.rows(only(user))
            best = _best(model, data, only(user), 1)[0]
            reason = int(_explained(model, history, best).argmax())
            assert model.fold_in(self.taken_back(history, reason))[0, best[0]] < model.fold_in(history)[0, best[0]]

    def taken_back(self, history: Histories, entry: int) -> Histories:
        """The history as if that event had not been, all that normalises the others held."""
        return without(history, entry)

    def test_an_empty_history_is_explained_by_nothing(self, model: Recommender, data: TrainingData) -> None:
        history = Histories.empty(1, len(data.item_ids))
        assert _explained(model, history, np.array([0, 3], np.int32)).shape == (2, 0)


class CollaborativeBehaviour(PersonalBehaviour):
    """Promises of an algorithm that learns from what users did, whatever the items' texts say."""

    def test_a_twin_gets_what_the_other_touched(
        self, model: Recommender, data: TrainingData, world: SmallWorld
    ) -> None:
        best = _best(model, data, only(world.twins[1] - 1), 5)
        assert set(best[0] + 1) >= set(world.twin_items)

    def test_an_item_that_nobody_touched_is_not_recommended(
        self, model: Recommender, data: TrainingData, world: SmallWorld
    ) -> None:
        everybody = np.arange(len(data.user_ids), dtype=np.int32)
        assert world.untouched_item - 1 not in _best(model, data, everybody, 10)

    def test_an_item_that_nobody_touched_has_no_similar_ones(self, model: Recommender, world: SmallWorld) -> None:
        near = model.similar(np.array([world.untouched_item - 1], np.int32))
        np.testing.assert_array_equal(near, np.zeros_like(near))


def _best(model: Recommender, data: TrainingData, users: IndexArray, k: int) -> IndexArray:
    rows = data.histories.rows(users)
    return rank(model.fold_in(rows), rows.weights, k)


def _by_category(model: Recommender, data: TrainingData, history: Histories, loved: str) -> NDArray[np.float64]:
    """The mean score of each category's items, in units of the loved one's."""
    category, names = data.content.category, data.content.category_names
    means = np.bincount(category, model.fold_in(history)[0]) / np.bincount(category)
    by_category: NDArray[np.float64] = means / means[names.index(loved)]
    return by_category


def _explained(model: Recommender, history: Histories, items: IndexArray) -> FloatArray:
    brought = model.explain(history, items)
    assert brought is not None
    return brought
