from __future__ import annotations

from pathlib import Path

import pytest

from recsys.algorithms.hybrid import Hybrid, HybridConfig
from recsys.algorithms.registry import ALGORITHMS, create, load_models
from recsys.domain import Algorithm
from recsys.errors import ArtifactCorrupt
from recsys.testing.worlds import small_world, training_data


def test_every_name_is_here() -> None:
    assert set(ALGORITHMS) == set(Algorithm)


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_every_setting_of_every_config_has_a_default(name: Algorithm) -> None:
    model = create(name)
    assert model.name is name
    assert model.settings == create(name, model.settings).settings


def test_settings_override_the_defaults() -> None:
    assert create(Algorithm.ALS, {"factors": 7}).settings["factors"] == 7


def test_the_hybrid_is_loaded_over_the_models_beside_it(tmp_path: Path) -> None:
    popularity = create(Algorithm.POPULARITY).fit(training_data(small_world()))
    hybrid = Hybrid(HybridConfig({"popularity": 1.0})).bind({Algorithm.POPULARITY: popularity})
    for model in (hybrid, popularity):
        (tmp_path / model.name.value).mkdir()
        model.save(tmp_path / model.name.value)
    loaded = load_models(tmp_path, [Algorithm.HYBRID, Algorithm.POPULARITY])
    blend = loaded[Algorithm.HYBRID]
    assert isinstance(blend, Hybrid)
    assert blend.components["popularity"] is loaded[Algorithm.POPULARITY]
    with pytest.raises(ArtifactCorrupt, match="popularity"):
        load_models(tmp_path, [Algorithm.HYBRID])
