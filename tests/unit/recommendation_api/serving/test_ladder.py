from __future__ import annotations

import numpy as np
import pytest

from recommendation_api.serving.ladder import below

LEVEL = np.array([0.9, 0.5, 0.5, 0.1, 0.0], np.float32)


@pytest.mark.parametrize("lowest", [3.0, 0.2, 0.0, -0.3, -4.0])
def test_what_is_filled_in_stands_below_what_was_there_in_its_own_order(lowest: float) -> None:
    scores = below(LEVEL, lowest)
    assert scores.max() <= lowest
    np.testing.assert_array_equal(np.sign(np.diff(scores)), np.sign(np.diff(LEVEL)))


def test_alone_its_level_is_its_score() -> None:
    np.testing.assert_array_equal(below(LEVEL, None), LEVEL)
