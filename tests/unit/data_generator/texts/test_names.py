from __future__ import annotations

from data_generator.plan import Plan
from data_generator.texts.names import BRANDS, draw_names


def test_names_differ_from_one_another_and_come_back_with_the_seed() -> None:
    names = draw_names(Plan(seed=3))
    assert len(set(names.brands)) == BRANDS
    assert len(set(names.people)) == len(names.people) > 100
    assert len(set(names.places)) == len(names.places) > 100
    assert draw_names(Plan(seed=3)) == names
    assert draw_names(Plan(seed=4)) != names
