from __future__ import annotations

import numpy as np

from data_generator.simulate.tally import KEPT_TIMES, Tally
from recsys.domain import EventType


def test_click_through_is_the_share_of_lists_with_a_click() -> None:
    tally = Tally()
    for _ in range(4):
        tally.list_shown("hybrid", 10)
    tally.list_clicked("hybrid")
    tally.acknowledged([EventType.VIEW, EventType.CLICK, EventType.CLICK], "hybrid")
    tally.acknowledged([EventType.CLICK], None)
    assert tally.shown["hybrid"].click_through == 0.25
    assert tally.shown["hybrid"].items == 40
    assert tally.shown["hybrid"].events[EventType.CLICK] == 2
    assert tally.events[EventType.CLICK] == 3


def test_errors_are_counted_by_status_and_by_what_broke() -> None:
    tally = Tally()
    tally.request("GET /popular", 0.1, None)
    tally.request("GET /popular", 0.1, "503")
    tally.request("GET /search", 0.1, "ConnectError")
    tally.refused_rows([404, 404])
    assert tally.total == 3
    assert dict(tally.errors) == {"503": 1, "ConnectError": 1, "row 404": 2}


def test_percentiles_forget_what_is_long_ago() -> None:
    tally = Tally()
    assert np.isnan(tally.percentile(0.95))
    for _ in range(KEPT_TIMES):
        tally.request("GET /popular", 9.0, None)
    for number in range(KEPT_TIMES):
        tally.request("GET /popular", number / KEPT_TIMES, None)
    assert abs(tally.percentile(0.95) - 0.95) < 1e-3
