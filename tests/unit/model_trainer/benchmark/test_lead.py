"""The hybrid's lead by hand."""

from __future__ import annotations

import numpy as np

from model_trainer.benchmark.lead import lead
from recsys.domain import Algorithm


def test_the_best_single_algorithm_is_beaten_for_sure_or_not() -> None:
    base = np.tile([0.2, 0.4], 200)
    single = {Algorithm.POPULARITY: base / 2, Algorithm.EASE: base, Algorithm.ALS: base * 0.9}
    ahead = lead({**single, Algorithm.HYBRID: base + np.tile([0.3, -0.1], 200)}, seed=1)
    assert ahead is not None
    assert ahead.over is Algorithm.EASE
    assert np.isclose(ahead.interval.estimate, 0.1)
    assert 0.05 < ahead.interval.low < 0.1 < ahead.interval.high < 0.15
    level = lead({**single, Algorithm.HYBRID: base[::-1]}, seed=1)
    assert level is not None
    assert not level.interval.excludes(0)


def test_there_is_none_without_a_hybrid_or_anything_beside_it() -> None:
    values = np.ones(3)
    assert lead({Algorithm.EASE: values}, seed=0) is None
    assert lead({Algorithm.HYBRID: values}, seed=0) is None
