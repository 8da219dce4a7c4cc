"""The release with neural collaborative filtering, from the flag to what is loaded for serving."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_generator.plan import Plan as World
from model_trainer.pipeline import Training
from recsys.algorithms.hybrid import Hybrid
from recsys.domain import Algorithm
from recsys.release import load_release, verify_release
from recsys.settings import Settings
from recsys.testing import neural

pytestmark = pytest.mark.integration


def test_the_flag_adds_it_to_the_release_judged_like_the_others(
    training: Training, settings: Settings, seeded: World, tmp_path: Path
) -> None:
    neural.prepare(tmp_path / "compiled")
    trained = replace(training, extra=[Algorithm.NCF]).train()
    assert trained.verdict is not None
    figures = trained.verdict.metrics
    assert figures["ncf"]["ndcg@10"] > 1.5 * figures["popularity"]["ndcg@10"]
    verify_release(settings.releases, trained.version)
    release = load_release(settings.releases, trained.version)
    assert release.metrics["ncf"] == figures["ncf"]
    model, hybrid = release.models[Algorithm.NCF], release.models[Algorithm.HYBRID]
    assert isinstance(hybrid, Hybrid)
    assert hybrid.components.get("ncf", model) is model  # where its weight is above 0
    scores = model.fold_in(release.histories.rows(np.arange(5, dtype=np.int32)))
    assert scores.shape == (5, seeded.items)
    assert (scores.std(axis=1) > 0).all()
