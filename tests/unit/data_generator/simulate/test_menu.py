from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from data_generator.simulate.menu import FAVOURITE, NEAR, SIZES, Menu


def _menu(*names: str) -> Menu:
    return Menu({"release": "r1", "algorithms": [{"name": name, "metrics": {}, "settings": {}} for name in names]})


def test_hybrid_makes_its_share_and_the_others_the_rest_alike() -> None:
    menu, rng = _menu("hybrid", "als", "popularity", "ease"), np.random.default_rng(0)
    shares = {name: count / 6_000 for name, count in Counter(menu.algorithm(rng) for _ in range(6_000)).items()}
    assert shares["hybrid"] == pytest.approx(FAVOURITE, abs=0.03)
    assert shares["als"] == pytest.approx(shares["popularity"], abs=0.03)
    assert set(shares) == {"hybrid", "als", "popularity", "ease"}


@pytest.mark.parametrize("names", [("hybrid",), ("popularity",)])
def test_one_algorithm_is_enough(names: tuple[str, ...]) -> None:
    assert _menu(*names).algorithm(np.random.default_rng(0)) == names[0]


def test_only_what_the_release_holds_is_asked_for_nearness() -> None:
    rng = np.random.default_rng(0)
    assert {_menu("hybrid", "als", "svd").near(rng) for _ in range(60)} == {"hybrid", "als"}
    assert _menu("popularity").near(rng) == NEAR[0]


def test_another_release_changes_the_menu() -> None:
    menu = _menu("hybrid", "ncf")
    menu.read({"release": "r2", "algorithms": [{"name": "popularity"}]})
    assert menu.release == "r2"
    assert menu.algorithm(np.random.default_rng(0)) == "popularity"
    assert {menu.size(np.random.default_rng(seed)) for seed in range(40)} == set(SIZES)
