from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from data_generator.plan import Plan as World
from data_generator.seed.load import seed
from model_trainer.pipeline import Training
from model_trainer.steps import Steps
from recsys.adapters.clock import SystemClock
from recsys.adapters.mlflow_tracking import MlflowTracking
from recsys.algorithms.hybrid import Hybrid, HybridConfig
from recsys.algorithms.registry import create
from recsys.domain import Algorithm
from recsys.release import Release
from recsys.settings import Settings
from recsys.testing.worlds import small_world, training_data

WORLD = World(users=900, items=1_500, interactions=30_000)
"""Large enough that more than a hundred users can be asked."""


@pytest.fixture
def settings(database_url: str, mlflow_url: str, tmp_path: Path) -> Settings:
    return settings_for(database_url, mlflow_url, tmp_path)


def settings_for(database_url: str, mlflow_url: str, folder: Path) -> Settings:
    return Settings.model_validate(
        {"RECSTACK_DATABASE_URL": database_url, "RECSTACK_MLFLOW_URL": mlflow_url, "RECSTACK_STATE_DIR": folder}
    )


@pytest.fixture
def tracking(mlflow_url: str) -> MlflowTracking:
    return MlflowTracking(mlflow_url)


@pytest.fixture
def seeded(database_url: str, tmp_path: Path) -> World:
    """A database that holds the generator's world."""
    seed(WORLD, database_url=database_url, state_dir=tmp_path, replace=False, report=lambda *_: None)
    return WORLD


@pytest.fixture
def training(settings: Settings) -> Training:
    return Training(settings, Steps(Console(file=io.StringIO())), SystemClock())


@pytest.fixture(scope="session")
def a_release() -> Callable[[str], Release]:
    """Makes releases of the small world, each later than the one before."""
    data = training_data(small_world())
    models = {Algorithm.POPULARITY: create(Algorithm.POPULARITY).fit(data)}
    hybrid = Hybrid(HybridConfig({"popularity": 1.0})).bind(models)
    first = Release(
        version="",
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        user_ids=data.user_ids,
        item_ids=data.item_ids,
        histories=data.histories,
        models={**models, Algorithm.HYBRID: hybrid},
        metrics={"hybrid": {"ndcg@10": 0.5}},
        snapshot={"events": 7},
    )
    made: Iterator[int] = iter(range(sys.maxsize))
    return lambda version: replace(first, version=version, created_at=first.created_at + timedelta(hours=next(made)))
