"""The algorithms by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from recsys.algorithms.base import Recommender
from recsys.domain import Algorithm

ALGORITHMS: dict[Algorithm, type[Recommender]] = {}


def load_models(folder: Path, names: Sequence[Algorithm]) -> Mapping[Algorithm, Recommender]:
    """Load each model from its folder below `folder`."""
    return {name: ALGORITHMS[name].load(folder / name.value) for name in names}
