"""Quality by demographic group, and how sure a shortfall is."""

from __future__ import annotations

import numpy as np
import pytest

from model_trainer.groups import MAX_BOOST, MIN_USERS, boosts, group_quality, worst_served
from recsys import demographics


def _draw(n: int, mean: float, seed: int = 1) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Most lists are worth nothing, as NDCG@10 is in large catalogues."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(n) < 0.3, rng.random(n), 0.0) * mean


def test_a_groups_figure_is_its_mean_and_its_share_of_the_mean_of_all() -> None:
    ndcg = np.r_[np.full(100, 0.3), np.full(300, 0.1)]
    found = group_quality(ndcg, {"gender": ["female"] * 100 + ["male"] * 300})
    assert [(one.attribute, one.group, one.n_users) for one in found] == [
        ("gender", "female", 100),
        ("gender", "male", 300),
    ]
    assert [one.ndcg for one in found] == pytest.approx([0.3, 0.1])
    assert [one.ratio for one in found] == pytest.approx([0.3 / 0.15, 0.1 / 0.15])


def test_a_group_that_is_left_behind_is_told_from_chance() -> None:
    ndcg = np.r_[_draw(400, 0.3), _draw(1600, 1.0, seed=2)]
    found = group_quality(ndcg, {"age": ["65+"] * 400 + ["18-24"] * 1600})
    by_group = {one.group: one for one in found}
    assert by_group["65+"].ratio < by_group["65+"].ratio_upper < 0.6
    assert by_group["18-24"].ratio_upper > 1


def test_groups_of_alike_people_are_no_alarm() -> None:
    names = ["AT", "CH", "DE", "FR", "IT"]
    for seed in range(20):
        found = group_quality(_draw(1000, 1.0, seed), {"country": names * 200}, seed=seed)
        assert len(found) == 5
        assert all(one.ratio_upper > 0.9 for one in found)


def test_the_interval_is_that_of_a_plain_bootstrap() -> None:
    ndcg, mask = _draw(600, 1.0), np.arange(600) < 150
    rng = np.random.default_rng(5)
    ratios = []
    for _ in range(3000):
        drawn = rng.integers(0, 600, 600)
        ratios.append(ndcg[drawn][mask[drawn]].mean() / ndcg[drawn].mean())
    (first, _) = group_quality(ndcg, {"age": ["13-17"] * 150 + ["25-34"] * 450})
    assert first.ratio_upper == pytest.approx(float(np.quantile(ratios, 0.995)), rel=0.06)


def test_of_small_groups_nothing_is_said() -> None:
    ndcg = _draw(200, 1.0)
    found = group_quality(ndcg, {"gender": ["other"] * (MIN_USERS - 1) + ["male"] * (201 - MIN_USERS)})
    assert [one.group for one in found] == ["male"]


def test_lists_worth_nothing_tell_nothing() -> None:
    assert group_quality(np.zeros(200), {"gender": ["male"] * 200}) == []
    assert group_quality(np.empty(0), {"gender": []}) == []


@pytest.mark.parametrize(
    ("age", "band"), [(13, "13-17"), (17, "13-17"), (18, "18-24"), (64, "55-64"), (65, "65+"), (120, "65+")]
)
def test_ages_fall_into_bands(age: int, band: str) -> None:
    assert demographics.band(age) == band


def test_members_of_a_group_that_is_left_behind_count_more_by_as_much() -> None:
    ndcg = np.r_[np.full(100, 0.1), np.full(100, 0.3), np.full(100, 0.2)]
    groups = {"gender": ["female"] * 100 + ["male"] * 200, "age": ["18-24", "65+"] * 150}
    assert boosts(ndcg, groups).tolist() == pytest.approx([2.0] * 100 + [1.0] * 200)
    assert worst_served(ndcg, groups) == pytest.approx(0.1)


def test_of_several_groups_the_one_furthest_behind_counts() -> None:
    ndcg = np.r_[np.full(100, 0.05), np.full(100, 0.2), np.full(200, 0.5)]
    gender, age = ["female"] * 200 + ["male"] * 200, ["65+"] * 100 + ["18-24"] * 300
    expected = [MAX_BOOST] * 100 + [float(ndcg.mean()) / 0.125] * 100 + [1.0] * 200
    for groups in ({"gender": gender, "age": age}, {"age": age, "gender": gender}):
        assert boosts(ndcg, groups).tolist() == pytest.approx(expected)


def test_small_groups_and_groups_a_little_behind_count_as_others() -> None:
    few = MIN_USERS - 1
    ndcg = np.r_[np.zeros(few), np.full(200, 0.3), np.full(200, 0.29)]
    groups = {"country": ["AT"] * few + ["DE"] * 200 + ["FR"] * 200}
    assert (boosts(ndcg, groups) == 1).all()
    assert worst_served(ndcg, groups) == pytest.approx(0.29)
    assert (boosts(np.zeros(100), {"age": ["65+"] * 100}) == 1).all()
