"""What a group likes more than others do, and how little is made of what chance brings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from recsys.algorithms.base import Histories
from recsys.demographics import MIN_USERS, DemographicPrior, band, groups_of
from recsys.domain import Gender, User

NAMES = ["Books", "Games", "Tools"]
CATEGORY = np.array([0, 0, 1, 1, 2, 2, -1], np.int32)


def _histories(preferred: list[int], *, strength: float, seed: int = 3) -> Histories:
    """Ten items each: of the preferred category with probability `strength`, else any."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((len(preferred), len(CATEGORY)), np.float32)
    for row, favourite in enumerate(preferred):
        for _ in range(10):
            category = favourite if rng.random() < strength else int(rng.integers(3))
            weights[row, 2 * category + int(rng.integers(2))] += 1
        weights[row, 6] = 5
    matrix = sparse.csr_array(weights)
    return Histories(matrix, np.zeros(matrix.nnz), sparse.csr_array(weights.shape, dtype=np.float32))


def _fit(histories: Histories, **groups: list[str]) -> DemographicPrior:
    return DemographicPrior.of(histories, CATEGORY, NAMES, groups)


def test_a_group_that_differs_is_lifted_where_it_differs() -> None:
    prior = _fit(_histories([0] * 200 + [1] * 200, strength=0.5), gender=["female"] * 200 + ["male"] * 200)
    books, games, tools = prior.lift({"gender": "female"})
    assert books > 1.3
    assert games < 0.7
    assert tools == pytest.approx(1, abs=0.1)


def test_groups_that_differ_by_chance_alone_have_no_say() -> None:
    rng = np.random.default_rng(1)
    by_lot = [str(name) for name in rng.choice(["DE", "FR", "JP"], 600)]
    prior = _fit(_histories([0, 1, 2] * 200, strength=0.5), country=by_lot)
    for country in ("DE", "FR", "JP"):
        assert prior.lift({"country": country}) == pytest.approx([1, 1, 1], abs=0.03)


def test_a_small_group_is_believed_less_than_a_large_one() -> None:
    preferred = [0] * 400 + [1] * 400 + [2] * MIN_USERS
    ages = ["18-24"] * 400 + ["25-34"] * 400 + ["65+"] * MIN_USERS
    histories = _histories(preferred, strength=0.3)
    prior = _fit(histories, age=ages)
    raw = _shares(histories, slice(800, None))[2] / _shares(histories, slice(0, None))[2]
    assert 1 < prior.lift({"age": "65+"})[2] < raw


def _shares(histories: Histories, rows: slice) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    liked = np.log1p(histories.weights.toarray()[rows])
    amount = np.stack([liked[:, code == CATEGORY].sum(axis=1) for code in range(3)], axis=1)
    return np.asarray((amount / amount.sum(axis=1, keepdims=True)).mean(axis=0))


def test_of_few_people_and_of_the_silent_nothing_is_kept() -> None:
    genders = ["other"] * (MIN_USERS - 1) + ["female"] * 100 + ["male"] * 100 + ["unknown"] * 100
    prior = _fit(_histories([0] * len(genders), strength=0.5), gender=genders)
    assert prior.lifts["gender"].keys() == {"female", "male"}
    assert prior.lift({"gender": "other"}).tolist() == [1, 1, 1]
    assert prior.lift({}).tolist() == [1, 1, 1]


def test_what_is_known_of_somebody_multiplies() -> None:
    prior = DemographicPrior(NAMES, {"age": {"18-24": [2, 1, 1]}, "gender": {"male": [0.5, 3, 1]}})
    young_man = User(1, age=20, gender=Gender.MALE, country="DE")
    assert prior.lift(groups_of(young_man)).tolist() == [1, 3, 1]
    assert groups_of(User(2)) == {}


def test_it_is_loaded_as_saved(tmp_path: Path) -> None:
    assert DemographicPrior.load(tmp_path) is None
    prior = _fit(_histories([0] * 200 + [1] * 200, strength=0.5), gender=["female"] * 200 + ["male"] * 200)
    prior.save(tmp_path)
    assert DemographicPrior.load(tmp_path) == prior


def test_nobody_who_liked_anything_is_no_error() -> None:
    nobody = _fit(Histories.empty(100, len(CATEGORY)), gender=["female"] * 50 + ["male"] * 50)
    assert nobody.lift({"gender": "female"}).tolist() == [1, 1, 1]
    assert band(None) == "unknown"


def test_lifts_are_believed_as_far_as_they_help_others() -> None:
    rng = np.random.default_rng(5)
    category = np.repeat(np.arange(3, dtype=np.int32), 40)
    favourites = [0] * 300 + [1] * 300

    def histories(own: float) -> Histories:
        """Each takes a few items, with probability `own` of the favourite category, else one of six hits of all."""
        weights = np.zeros((600, 120), np.float32)
        for row, favourite in enumerate(favourites):
            for _ in range(8):
                of_own = rng.random() < own
                weights[row, 40 * favourite + int(rng.integers(40)) if of_own else 80 + int(rng.integers(6))] = 1
        matrix = sparse.csr_array(weights)
        return Histories(matrix, np.zeros(matrix.nnz), sparse.csr_array(weights.shape, dtype=np.float32))

    genders = ["female"] * 300 + ["male"] * 300

    def fitted(touched: Histories) -> DemographicPrior:
        counts = np.log1p(np.bincount(touched.weights.indices, minlength=120))
        return DemographicPrior.fit(touched, category, NAMES, {"gender": genders}, counts)

    helps, misleads = fitted(histories(1.0)), fitted(histories(0.0))
    assert helps.strength > 0
    assert helps.lift({"gender": "female"})[0] > 1
    assert misleads.strength == 0
    assert misleads.lift({"gender": "female"}).tolist() == [1, 1, 1]
