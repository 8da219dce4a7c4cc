from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from model_trainer.exits import ReleaseRefused
from model_trainer.fitting import Fitted
from model_trainer.gate import is_telling, refuse_broken_models, refuse_worse_than_chance
from model_trainer.judging import Verdict
from model_trainer.plan import Plan
from recsys.algorithms.als import Als
from recsys.algorithms.base import Recommender, TrainingData
from recsys.algorithms.content_based import ContentBased
from recsys.algorithms.popularity import Popularity
from recsys.domain import Algorithm
from recsys.evaluation.bootstrap import Interval
from recsys.release import Release

PLAN = Plan()


def _verdict(low: float, n_users: int = 500) -> Verdict:
    return Verdict({}, n_users, 0, Interval(2, 1.5, 2.5), Interval(low + 0.1, low, low + 0.2))


def _release(before: TrainingData, models: Mapping[Algorithm, Recommender]) -> Release:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    return Release("v1", moment, before.user_ids, before.item_ids, before.histories, models)


def test_a_lead_over_chance_passes() -> None:
    refuse_worse_than_chance(_verdict(1e-6), PLAN)


@pytest.mark.parametrize("low", [0.0, -0.05])
def test_what_may_be_chance_is_refused(low: float) -> None:
    with pytest.raises(ReleaseRefused, match="no better than random"):
        refuse_worse_than_chance(_verdict(low), PLAN)


def test_few_users_decide_nothing() -> None:
    few = _verdict(-0.05, PLAN.min_judged_users - 1)
    assert not is_telling(few, PLAN)
    refuse_worse_than_chance(few, PLAN)
    assert is_telling(replace(few, n_users=PLAN.min_judged_users), PLAN)


def test_no_verdict_decides_nothing() -> None:
    refuse_worse_than_chance(None, PLAN)
    assert not is_telling(None, PLAN)


def test_sound_models_pass(fitted: Fitted, before: TrainingData) -> None:
    refuse_broken_models(_release(before, fitted.with_hybrid(None)), may_be_flat=False)


def test_a_model_that_scores_no_number_is_refused_by_name(before: TrainingData) -> None:
    als = Als().fit(before)
    als.item_factors[3, 0] = np.nan
    with pytest.raises(ReleaseRefused, match="als does not give a finite score"):
        refuse_broken_models(_release(before, {Algorithm.ALS: als}), may_be_flat=True)


def test_a_model_of_another_catalogue_is_refused(before: TrainingData) -> None:
    popularity = Popularity().fit(before)
    smaller = replace(before.histories, weights=before.histories.weights[:, :-1].tocsr())
    release = replace(_release(before, {Algorithm.POPULARITY: popularity}), histories=smaller)
    with pytest.raises(ReleaseRefused, match="popularity"):
        refuse_broken_models(release, may_be_flat=True)


def test_a_model_that_tells_nothing_apart_is_refused_unless_the_data_is_small(before: TrainingData) -> None:
    als = Als().fit(before)
    als.item_factors[:] = 0
    release = _release(before, {Algorithm.ALS: als})
    with pytest.raises(ReleaseRefused, match="als scores every item alike"):
        refuse_broken_models(release, may_be_flat=False)
    refuse_broken_models(release, may_be_flat=True)


def test_a_catalogue_without_words_may_be_published(before: TrainingData) -> None:
    silent = replace(before, content=replace(before.content, texts=["" for _ in before.content.texts]))
    models = {Algorithm.CONTENT_BASED: ContentBased().fit(silent)}
    refuse_broken_models(_release(before, models), may_be_flat=False)
