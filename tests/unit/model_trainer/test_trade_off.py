from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from model_trainer.fitting import Fitted
from model_trainer.judging import Questions, questions
from model_trainer.trade_off import DIALS, MOST_USERS, DialQuality, trade_off
from recsys.algorithms.base import TrainingData
from recsys.domain import Algorithm
from recsys.evaluation.judge import judge
from recsys.preferences import Events
from recsys.settings import EventWeights

K = 10


@pytest.fixture(scope="module")
def asked(before: TrainingData, later: Events) -> Questions:
    return questions(later, before, EventWeights(), limit=MOST_USERS, seed=0)


@pytest.fixture(scope="module")
def curve(fitted: Fitted, before: TrainingData, asked: Questions) -> Sequence[DialQuality]:
    return trade_off(fitted.with_hybrid(None), before, asked.relevant, asked.users, k=K)


def test_there_is_a_point_for_each_setting(curve: Sequence[DialQuality]) -> None:
    assert [one.diversity for one in curve] == list(DIALS) == [round(each, 1) for each in np.linspace(0, 1, 11)]


def test_at_0_the_lists_are_those_that_were_judged(
    curve: Sequence[DialQuality], fitted: Fitted, before: TrainingData, asked: Questions
) -> None:
    judged = judge(fitted.with_hybrid(None)[Algorithm.HYBRID], before.histories, asked.relevant, asked.users)
    assert curve[0].ndcg == pytest.approx(judged.overall["ndcg@10"], rel=1e-6)


def test_variety_grows_with_the_dial_and_costs_accuracy(curve: Sequence[DialQuality]) -> None:
    for values in ([one.categories for one in curve], [one.distance for one in curve]):
        assert values == sorted(values)
        assert values[-1] > values[0]
    assert curve[-1].ndcg < curve[0].ndcg


def test_lists_that_the_catalogue_is_too_small_for_have_no_curve(
    fitted: Fitted, before: TrainingData, asked: Questions
) -> None:
    models = fitted.with_hybrid(None)
    assert not trade_off(models, before, asked.relevant, asked.users, k=len(before.item_ids))
    assert not trade_off(models, before, asked.relevant, asked.users[:0], k=K)
