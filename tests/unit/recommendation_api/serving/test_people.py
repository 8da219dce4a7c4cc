"""What the API folds in of a user is what the models would be fitted on."""

from __future__ import annotations

import numpy as np
import pytest

from recommendation_api.serving.people import crowd, load_people
from recsys.release import Release
from recsys.settings import EventWeights
from recsys.stores import Stores

pytestmark = pytest.mark.anyio


async def test_a_trained_user_s_history_is_that_of_the_training(stores: Stores, release: Release) -> None:
    """Weights, the order of the last events, which recency and transitions go by, and ratings."""
    people = await load_people(stores.interactions, stores.users, stores.hidden_items, release.user_ids.tolist())
    ours, theirs = crowd(people, release.item_ids, EventWeights()).histories, release.histories
    for mine, trained in ((ours.weights, theirs.weights), (ours.ratings, theirs.ratings)):
        np.testing.assert_array_equal(mine.indptr, trained.indptr)
        np.testing.assert_array_equal(mine.indices, trained.indices)
        np.testing.assert_allclose(mine.data, trained.data, rtol=1e-6)
    np.testing.assert_array_equal(ours.last_at, theirs.last_at)


async def test_and_gets_the_same_scores(stores: Stores, release: Release) -> None:
    people = await load_people(stores.interactions, stores.users, stores.hidden_items, release.user_ids[:40].tolist())
    histories = crowd(people, release.item_ids, EventWeights()).histories
    rows = np.arange(40, dtype=np.int32)
    for model in release.models.values():
        trained = model.score(rows, release.histories.rows(rows))
        np.testing.assert_allclose(model.fold_in(histories), trained, rtol=1e-4, atol=1e-5)
