from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recsys.evaluation.activity import ByActivity, choose_by_activity
from recsys.evaluation.blending import Shortlist, choose_weights


def made(strengths: np.ndarray[tuple[int, int], np.dtype[np.float64]], seed: int = 0) -> Shortlist:
    """Users whose one relevant item a component ranks the higher, the more its strength for them, (n, n_components)."""
    rng = np.random.default_rng(seed)
    n, count = strengths.shape
    relevant = np.zeros((n, 40), bool)
    relevant[np.arange(n), rng.integers(0, 40, n)] = True
    noise = rng.normal(size=(count, n, 40))
    scores = (noise + strengths.T[:, :, None] * relevant).astype(np.float32)
    names = tuple(f"c{place}" for place in range(count))
    return Shortlist(names, scores, np.ones((n, 40), bool), relevant, np.ones(n, np.int32))


def chosen_of(
    strengths: np.ndarray[tuple[int, int], np.dtype[np.float64]], touched: list[int]
) -> tuple[ByActivity, Mapping[str, float]]:
    candidates = made(strengths)
    everybody = choose_weights(candidates).weights
    return choose_by_activity(candidates, np.array(touched), everybody, k=10), everybody


def test_segments_that_want_another_component_get_it() -> None:
    touched = [1] * 300 + [10] * 300 + [100] * 300
    strengths = np.zeros((900, 2))
    strengths[:300, 0] = strengths[300:, 1] = 2.5
    found, _ = chosen_of(strengths, touched)
    assert list(found.up_to) == ["1", "10"]
    assert found.up_to["1"]["c0"] > 0.8
    assert found.up_to["10"]["c1"] > 0.8
    assert found.weights["c1"] > 0.8


def test_where_all_want_the_same_there_is_one_blend() -> None:
    found, everybody = chosen_of(np.tile([1.5, 1.0], (900, 1)), [1] * 300 + [10] * 300 + [100] * 300)
    assert found.up_to == {}
    assert found.weights == everybody


def test_few_users_choose_nothing_of_their_own() -> None:
    strengths = np.zeros((300, 2))
    strengths[:100, 0] = strengths[100:, 1] = 2.5
    found, everybody = chosen_of(strengths, [1] * 100 + [10] * 100 + [100] * 100)
    assert found.up_to == {}
    assert found.weights == everybody


def test_users_who_are_all_alike_are_one_segment() -> None:
    found, everybody = chosen_of(np.tile([1.5, 1.0], (600, 1)), [7] * 600)
    assert found.up_to == {}
    assert found.weights == everybody
