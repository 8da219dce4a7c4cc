from __future__ import annotations

import threading
import time

import pytest

from data_generator.seed.ahead import DEPTH, ahead


def test_results_come_in_order() -> None:
    assert list(ahead(lambda number: number * number, range(50))) == [number * number for number in range(50)]
    assert list(ahead(abs, [])) == []


def test_works_ahead_but_only_so_far() -> None:
    drawn: list[int] = []
    further = threading.Event()

    def draw(number: int) -> int:
        drawn.append(number)
        if number == DEPTH:
            further.set()
        return number

    results = ahead(draw, range(100))
    assert next(results) == 0
    assert further.wait(5)
    assert max(drawn) == DEPTH
    assert list(results) == list(range(1, 100))


def test_an_error_reaches_who_asks_and_ends_the_work() -> None:
    drawn: list[int] = []

    def draw(number: int) -> int:
        drawn.append(number)
        if number == 2:
            raise ValueError("two")
        return number

    results = ahead(draw, range(100))
    with pytest.raises(ValueError, match="two"):
        list(results)
    assert len(drawn) <= 2 * (DEPTH + 1)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("draw-ahead")]


def test_who_stops_asking_stops_the_work() -> None:
    drawn: list[int] = []

    def draw(number: int) -> None:
        time.sleep(0.1)
        drawn.append(number)

    results = ahead(draw, range(10_000))
    next(results)
    results.close()
    assert len(drawn) <= DEPTH
