from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import sparse

from model_trainer.tuning.question import Question
from model_trainer.tuning.space import SPACES, STARTS, space_of
from recsys.algorithms.registry import ALGORITHMS, create
from recsys.domain import Algorithm
from recsys.testing.histories import data_of, histories_of


def question(*, timed: bool = False, weighted: bool = False, texts: bool = False) -> Question:
    histories = histories_of([{0: 1.0, 1: 2.0 if weighted else 1.0}], 3)
    if timed:
        histories = dataclasses.replace(histories, last_at=np.array([1.0, 2.0]))
    data = data_of(histories, ["one", "two", ""] if texts else ["", "", ""])
    return Question(data, sparse.csr_array((1, 3)), np.array([0], np.int32))


@pytest.mark.parametrize("name", SPACES)
def test_each_range_is_that_of_a_setting_which_can_be_made(name: Algorithm) -> None:
    fields = {field.name for field in dataclasses.fields(ALGORITHMS[name].config_class)}
    assert fields >= set(SPACES[name])
    for start in STARTS.get(name, ()):
        create(name, start)
        assert set(start) <= set(SPACES[name])


@pytest.mark.parametrize("name", SPACES)
def test_the_defaults_lie_within_the_ranges(name: Algorithm) -> None:
    config = dataclasses.asdict(ALGORITHMS[name].config_class())
    for setting, values in SPACES[name].items():
        if hasattr(values, "choices"):
            assert config[setting] in values.choices
        else:
            assert values.low <= config[setting] <= values.high  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "wanted"), [("timed", {"recency"}), ("weighted", {"weighting"}), ("texts", {"text_weight"}), ("", set())]
)
def test_what_makes_no_difference_is_not_searched(given: str, wanted: set[str]) -> None:
    asked = question(**({given: True} if given else {}))
    depend = {"recency", "weighting", "text_weight"}
    assert set(space_of(Algorithm.ITEM_BASED, asked)) & depend == wanted


def test_an_algorithm_without_settings_has_no_space() -> None:
    assert space_of(Algorithm.HYBRID, question()) == {}
