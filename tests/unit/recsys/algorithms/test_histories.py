from __future__ import annotations

import numpy as np

from recsys.testing.worlds import small_world, training_data


def test_one_row_is_what_several_rows_hold_of_it() -> None:
    histories = training_data(small_world()).histories
    for user in range(0, len(histories), 7):
        twice, once = (histories.rows(np.full(n, user, np.int32)) for n in (2, 1))
        assert once.weights.shape == (1, histories.weights.shape[1])
        for of_two, of_one in ((twice.weights, once.weights), (twice.ratings, once.ratings)):
            np.testing.assert_array_equal(of_one.toarray(), of_two[[1]].toarray())
            assert of_one.indices.dtype == of_two.indices.dtype
        np.testing.assert_array_equal(once.last_at, twice.last_at[len(once.last_at) :])
