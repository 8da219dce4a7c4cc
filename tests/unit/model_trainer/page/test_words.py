from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from model_trainer.page.words import compact, figure, measured, moment, percent, setting, signed


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf, "text", True])
def test_what_is_no_number_is_a_dash(value: object) -> None:
    assert figure(value) == percent(value) == compact(value) == signed(value) == measured(value, "rmse") == "\u2013"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (figure(1234567), "1,234,567"),
        (figure(0.12345), "0.1235"),
        (figure(1234.5, 1), "1,234.5"),
        (measured(0.91234, "rmse"), "0.912"),
        (measured(123.45, "average_popularity@10"), "123.5"),
        (measured(0.54321, "ndcg@10"), "0.5432"),
        (percent(0.1234), "12.3%"),
        (compact(0.0123456), "0.01235"),
        (compact(123456.7), "123,457"),
        (signed(0.01), "+0.0100"),
        (signed(-1500), "\u22121,500"),
        (signed(0), "0"),
        (signed(1500), "+1,500"),
        (moment(0.0), "1970-01-01 00:00 UTC"),
        (moment(datetime(2026, 3, 1, 12, 5, tzinfo=UTC)), "2026-03-01 12:05 UTC"),
        (setting(0.5), "0.5"),
        (setting("x" * 200), "x" * 119 + "\u2026"),
    ],
)
def test_figures_are_written_as_people_read_them(shown: str, expected: str) -> None:
    assert shown == expected
