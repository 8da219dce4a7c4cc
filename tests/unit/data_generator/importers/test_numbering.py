from __future__ import annotations

from datetime import UTC, datetime

from data_generator.importers.numbering import Numbering


def test_listed_ids_come_first_then_those_of_the_events() -> None:
    numbering = Numbering()
    assert [numbering.enlist(word) for word in ("b", "a", "b")] == [True, True, False]
    assert [numbering.meet(word, 10.0) for word in ("z", "a", "z", "y")] == [3, 2, 3, 4]
    assert (len(numbering), numbering.listed, list(numbering.unlisted())) == (4, 2, ["z", "y"])
    assert numbering.number("b") == 1


def test_the_first_event_dates_it_and_the_oldest_dates_what_has_none() -> None:
    numbering = Numbering()
    numbering.enlist("quiet")
    for at in (300.0, 200.0, 250.0):
        numbering.meet("busy", at)
    numbering.meet("old", 100.0)
    dates = [numbering.since(number) for number in (1, 2, 3)]
    assert dates == [datetime.fromtimestamp(at, UTC) for at in (100, 200, 100)]
