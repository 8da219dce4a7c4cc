from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from recsys.algorithms.base import Histories, Recommender, TrainingData
from recsys.algorithms.hybrid import Hybrid, HybridConfig, blend
from recsys.algorithms.registry import create
from recsys.domain import Algorithm
from recsys.errors import ArtifactCorrupt
from recsys.testing.behaviour import only
from recsys.testing.personal import PersonalBehaviour
from recsys.testing.worlds import small_world, training_data

WEIGHTS = {"item_based": 0.5, "als": 0.3, "content_based": 0.15, "popularity": 0.05}


class TestHybrid(PersonalBehaviour):
    algorithm = Algorithm.HYBRID
    settings: ClassVar[dict[str, Any]] = {"weights": WEIGHTS}
    prior: ClassVar[bool] = True
    permutation_error: ClassVar[float] = 0.01

    @classmethod
    def make(cls) -> Recommender:
        model = create(cls.algorithm, cls.settings)
        assert isinstance(model, Hybrid)
        return model.bind({Algorithm(name): create(Algorithm(name)) for name in model.config.weights})

    def save(self, model: Recommender, folder: Path) -> None:
        assert isinstance(model, Hybrid)
        super().save(model, folder)
        for component in model.components.values():
            super().save(component, folder)


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return training_data(small_world())


@pytest.fixture(scope="module")
def models(data: TrainingData) -> dict[Algorithm, Recommender]:
    return {name: create(name).fit(data) for name in (Algorithm.ITEM_BASED, Algorithm.POPULARITY)}


def blend_of(models: dict[Algorithm, Recommender], **weights: float) -> Hybrid:
    return Hybrid(HybridConfig(weights)).bind(models)


def test_is_the_weighted_sum_of_scores_in_units_of_their_spread(
    data: TrainingData, models: dict[Algorithm, Recommender]
) -> None:
    hybrid = blend_of(models, item_based=0.7, popularity=0.3)
    touched = np.maximum(np.diff(data.histories.weights.indptr), 1)
    expected = np.zeros(data.histories.weights.shape)
    for name, weight in hybrid.config.weights.items():
        model = models[Algorithm(name)]
        deviation = model.spread.scale * touched**model.spread.exponent
        expected += weight * model.fold_in(data.histories) / deviation[:, None]
    np.testing.assert_allclose(hybrid.fold_in(data.histories), expected, rtol=1e-5)


def test_orders_much_as_the_weighted_sum_of_z_scores(data: TrainingData, models: dict[Algorithm, Recommender]) -> None:
    hybrid = blend_of(models, item_based=0.7, popularity=0.3)
    users = np.flatnonzero(np.diff(data.histories.weights.indptr))
    rows = data.histories.rows(users.astype(np.int32))
    scores = {name: models[Algorithm(name)].fold_in(rows) for name in hybrid.config.weights}
    z = {name: (part - part.mean(1, keepdims=True)) / part.std(1, keepdims=True) for name, part in scores.items()}
    ours = hybrid.fold_in(rows)
    agreement = [
        np.corrcoef(a, b)[0, 1] for a, b in zip(ours, 0.7 * z["item_based"] + 0.3 * z["popularity"], strict=True)
    ]
    assert min(agreement) > 0.97


def test_a_user_without_events_gets_popularity_alone(data: TrainingData, models: dict[Algorithm, Recommender]) -> None:
    parts = blend_of(models, item_based=0.9, popularity=0.1).parts(Histories.empty(1, len(data.item_ids)))
    assert not parts["item_based"].any()
    popularity = models[Algorithm.POPULARITY].fold_in(Histories.empty(1, len(data.item_ids)))
    np.testing.assert_array_equal(np.argsort(parts["popularity"]), np.argsort(popularity))


def test_a_component_without_weight_is_not_asked(models: dict[Algorithm, Recommender]) -> None:
    assert list(blend_of(models, item_based=1.0, popularity=0.0, als=0.0).components) == ["item_based"]


def test_blending_leaves_the_scores_as_they_are(data: TrainingData, models: dict[Algorithm, Recommender]) -> None:
    hybrid = blend_of(models, item_based=0.7, popularity=0.3)
    scores = {name.value: model.fold_in(data.histories) for name, model in models.items()}
    kept = {name: array.copy() for name, array in scores.items()}
    np.testing.assert_array_equal(blend(scores, hybrid.scales(data.histories)), hybrid.fold_in(data.histories))
    for name, array in kept.items():
        np.testing.assert_array_equal(scores[name], array)


def test_popularity_is_a_part_that_no_event_explains(data: TrainingData, models: dict[Algorithm, Recommender]) -> None:
    explained = blend_of(models, item_based=0.7, popularity=0.3).explain_parts(data.histories.rows(only(3)), only(5))
    assert explained["popularity"] is None
    assert explained["item_based"] is not None


def test_a_missing_component_is_named(models: dict[Algorithm, Recommender]) -> None:
    with pytest.raises(ArtifactCorrupt, match="als, svd"):
        blend_of(models, als=0.5, svd=0.2, item_based=0.3)


def test_a_blend_of_nothing_is_refused(models: dict[Algorithm, Recommender]) -> None:
    with pytest.raises(ArtifactCorrupt, match="zero"):
        blend_of(models, als=0.0)


def test_saves_names_and_weights_only(models: dict[Algorithm, Recommender], tmp_path: Path) -> None:
    blend_of(models, item_based=0.7, popularity=0.3).save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", "spread.json"}


def test_of_an_item_that_few_know_its_text_says_what_is_similar(data: TrainingData) -> None:
    models = {name: create(name).fit(data) for name in (Algorithm.ITEM_BASED, Algorithm.CONTENT_BASED)}
    hybrid, text = blend_of(models, item_based=0.8, content_based=0.2), blend_of(models, content_based=0.2)
    items = np.array([0, 1, 2], np.int32)
    unknown, known = np.zeros(3, np.int32), np.full(3, 10**6, np.int32)
    np.testing.assert_array_equal(hybrid.similar(items, unknown), text.similar(items))
    np.testing.assert_allclose(hybrid.similar(items, known), hybrid.similar(items), rtol=1e-4)
    half = (hybrid.similar(items) + text.similar(items)) / 2
    np.testing.assert_allclose(hybrid.similar(items, np.full(3, 10, np.int32)), half, rtol=1e-4, atol=1e-6)


def test_users_who_touched_little_have_weights_of_their_own(
    data: TrainingData, models: dict[Algorithm, Recommender]
) -> None:
    touched = np.diff(data.histories.weights.indptr)
    bound = int(np.median(touched))
    config = HybridConfig({"item_based": 1.0}, {str(bound): {"popularity": 0.6, "item_based": 0.4}})
    scores = Hybrid(config).bind(models).fold_in(data.histories)
    many, few = (
        blend_of(models, **weights).fold_in(data.histories) for weights in (config.weights, *config.up_to.values())
    )
    np.testing.assert_array_equal(scores[touched > bound], many[touched > bound])
    np.testing.assert_array_equal(scores[touched <= bound], few[touched <= bound])


def test_a_component_of_one_segment_alone_is_bound(models: dict[Algorithm, Recommender]) -> None:
    config = HybridConfig({"item_based": 1.0}, {"3": {"popularity": 1.0}})
    assert set(Hybrid(config).bind(models).components) == {"item_based", "popularity"}


class TestByActivity(TestHybrid):
    settings: ClassVar[dict[str, Any]] = {"weights": WEIGHTS, "up_to": {"2": {"popularity": 0.5, "item_based": 0.5}}}
