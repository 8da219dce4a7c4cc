"""The truth of the small world that the generator's tests share."""

from __future__ import annotations

import pytest

from data_generator.truth import Truth, read_truth, write_truth
from data_generator.world import World


@pytest.fixture(scope="session")
def truth(world: World, tmp_path_factory: pytest.TempPathFactory) -> Truth:
    path = tmp_path_factory.mktemp("truth") / "truth.npz"
    write_truth(path, world)
    return read_truth(path)
