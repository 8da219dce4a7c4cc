from __future__ import annotations

import numpy as np
import pytest

from recsys.evaluation import bootstrap
from recsys.evaluation.bootstrap import Interval, paired_bootstrap

RNG = np.random.default_rng(0)
B = RNG.random(400)


def test_the_estimate_is_that_of_the_means() -> None:
    a = B + 0.1 + RNG.normal(0, 0.05, 400)
    difference = paired_bootstrap(a, B)
    assert difference.estimate == pytest.approx(a.mean() - B.mean())
    assert difference.low < difference.estimate < difference.high
    ratio = paired_bootstrap(a, B, statistic="ratio")
    assert ratio.estimate == pytest.approx(a.mean() / B.mean())
    assert ratio.low < ratio.estimate < ratio.high


def test_the_interval_is_as_wide_as_theory_says() -> None:
    noise = RNG.normal(0, 1, 2000)
    found = paired_bootstrap(B.repeat(5) + noise, B.repeat(5), resamples=4000)
    assert found.high - found.low == pytest.approx(2 * 1.96 * noise.std() / np.sqrt(2000), rel=0.1)


def test_users_are_drawn_together() -> None:
    """Equal gains of very different users are certain."""
    found = paired_bootstrap(B * 100 + 1, B * 100)
    assert found.high - found.low < 1e-9


def test_equal_models_cannot_be_told_apart() -> None:
    assert not paired_bootstrap(RNG.random(300), RNG.random(300)).excludes(0.0)
    assert paired_bootstrap(B, B, statistic="ratio") == Interval(1.0, 1.0, 1.0)


def test_the_seed_decides() -> None:
    a = RNG.random(400)
    assert paired_bootstrap(a, B, seed=1) == paired_bootstrap(a, B, seed=1)
    assert paired_bootstrap(a, B, seed=1) != paired_bootstrap(a, B, seed=2)


def test_more_confidence_is_wider() -> None:
    a = RNG.random(400)
    wide, narrow = paired_bootstrap(a, B, confidence=0.99), paired_bootstrap(a, B, confidence=0.5)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_memory_is_bounded_without_another_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    a = RNG.random(400)
    whole = paired_bootstrap(a, B)
    monkeypatch.setattr(bootstrap, "BLOCK_ENTRIES", 1)
    assert paired_bootstrap(a, B) == whole


def test_a_ratio_over_nothing_is_never_nan() -> None:
    zeros, ones = np.zeros(5), np.ones(5)
    assert paired_bootstrap(ones, zeros, statistic="ratio") == Interval(np.inf, np.inf, np.inf)
    assert paired_bootstrap(zeros, zeros, statistic="ratio") == Interval(1.0, 1.0, 1.0)


@pytest.mark.parametrize(("n_a", "n_b"), [(0, 0), (3, 4)])
def test_other_users_or_none_are_refused(n_a: int, n_b: int) -> None:
    with pytest.raises(ValueError, match="same users"):
        paired_bootstrap(np.ones(n_a), np.ones(n_b))


def test_reads_as_a_figure() -> None:
    assert str(Interval(2.5, 2.0, 3.0)) == "2.500 [2.000, 3.000]"
