from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from recsys.algorithms.base import TrainingData
from recsys.algorithms.examples import Examples
from recsys.algorithms.ncf import Ncf, NcfConfig
from recsys.algorithms.weighting import strengths
from recsys.domain import Algorithm
from recsys.testing import neural
from recsys.testing.histories import without
from recsys.testing.personal import CollaborativeBehaviour
from recsys.testing.worlds import small_world, training_data

SMALL: dict[str, Any] = {"factors": 16, "hidden": 16, "longest_history": 32, "negatives": 16}


@pytest.fixture(scope="module", autouse=True)
def _libraries(tmp_path_factory: pytest.TempPathFactory) -> None:
    neural.prepare(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return training_data(small_world())


class TestNcf(CollaborativeBehaviour):
    algorithm = Algorithm.NCF
    settings: ClassVar[dict[str, Any]] = SMALL
    permutation_error: ClassVar[float] = 0.1  # the descent meets the examples in another order


def test_it_scores_what_the_network_was_trained_to_say(data: TrainingData) -> None:
    from recsys.algorithms.neumf import TABLES, Network, named

    config = NcfConfig(**SMALL, targets=1, batch_size=8, history_exponent=0.4)
    own = strengths(data.histories.weights, config.weighting)
    examples = Examples(own, config.batch_size, config.targets, config.longest_history, config.negatives)
    rng = np.random.default_rng(0)
    start = {name: rng.normal(0, 0.5, (own.shape[1], config.factors)).astype(np.float32) for name in TABLES}
    model = Ncf(config)
    network = Network(start, model.settings, examples)
    model.take(network.weights(), np.ones(own.shape[1], np.bool_))
    batch = next(examples.epochs(1, rng))
    logits = np.asarray(network.model(named(batch)))
    for row, target in enumerate(batch.targets[:, 0]):
        touched = set(batch.history[row][batch.strengths[row] != 0].tolist())
        user = next(user for user in range(own.shape[0]) if set(own[[user]].indices.tolist()) == touched)
        history = data.histories.rows(np.array([user], np.int32))
        scores = model.fold_in(without(history, history.weights.indices.tolist().index(target)))[0]
        np.testing.assert_allclose(logits[row, 0, 0], scores[target], rtol=1e-3, atol=1e-4)
        allowed = batch.allowed[row]
        np.testing.assert_allclose(logits[row, 0, 1:][allowed], scores[batch.negatives][allowed], rtol=1e-3, atol=1e-4)
        assert (logits[row, 0, 1:][~allowed] < -1e8).all()


def test_training_tells_a_left_out_item_from_others(data: TrainingData) -> None:
    before, after = (
        _places(Ncf(NcfConfig(**SMALL, epochs=epochs, learning_rate=0.005)).fit(data), data) for epochs in (0, 20)
    )
    assert after.mean() < 0.9 * before.mean()


def _places(model: Ncf, data: TrainingData) -> np.ndarray:
    """How many of the items that a user did not touch stand above the one that was left out."""
    found = []
    for user in range(0, 100, 4):
        history = data.histories.rows(np.array([user], np.int32))
        for place in range(0, history.weights.nnz, 3):
            scores = model.fold_in(without(history, place))[0]
            other = np.delete(scores, history.weights.indices)
            found.append((other > scores[history.weights.indices[place]]).sum())
    return np.array(found)


def test_what_was_saved_needs_no_keras(data: TrainingData, tmp_path: Path) -> None:
    """Loaded and asked where neither Keras nor JAX can be imported, as in the image of the API."""
    model = Ncf(NcfConfig(**SMALL, epochs=1)).fit(data)
    model.save(tmp_path)
    np.save(tmp_path / "expected.npy", model.fold_in(data.histories.rows(np.arange(3, dtype=np.int32))))
    program = """
import sys
sys.modules |= {"keras": None, "jax": None}
from pathlib import Path
import numpy as np
from recsys.algorithms.registry import ALGORITHMS
from recsys.testing.worlds import small_world, training_data
folder = Path(sys.argv[1])
histories = training_data(small_world()).histories.rows(np.arange(3, dtype=np.int32))
scores = ALGORITHMS["ncf"].load(folder).fold_in(histories)
np.testing.assert_array_equal(scores, np.load(folder / "expected.npy"))
"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=60)
