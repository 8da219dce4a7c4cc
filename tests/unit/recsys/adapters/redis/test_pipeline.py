from __future__ import annotations

import asyncio
from typing import Any

import pytest

from recsys.adapters.redis.pipeline import MAX_UNDER_WAY, Pipeline, Replies
from recsys.errors import Unavailable

pytestmark = pytest.mark.anyio


class Wire(asyncio.Transport):
    """Remembers what was written; tells the pipeline when it is aborted."""

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.aborted = False
        self._pipeline = pipeline
        pipeline.connection_made(self)

    def write(self, data: Any) -> None:
        self.written.append(data)

    def abort(self) -> None:
        if not self.aborted:
            self.aborted = True
            self._pipeline.connection_lost(None)


class Counts:
    def __init__(self) -> None:
        self.answers = 0
        self.late = 0

    def answer(self) -> None:
        self.answers += 1

    def lateness(self) -> None:
        self.late += 1


@pytest.fixture
async def counts() -> Counts:
    return Counts()


@pytest.fixture
async def pipeline(counts: Counts) -> Pipeline:
    return Pipeline(on_answer=counts.answer, on_late=counts.lateness)


@pytest.fixture
async def wire(pipeline: Pipeline) -> Wire:
    return Wire(pipeline)


def _send(
    pipeline: Pipeline, expected: int = 1, patience: float = 5, timeout: float = 5
) -> list[Replies | Unavailable]:
    told: list[Replies | Unavailable] = []
    pipeline.send(b"x", expected, told.append, patience=patience, timeout=timeout)
    return told


async def test_answers_go_to_their_questions_in_order(pipeline: Pipeline, wire: Wire, counts: Counts) -> None:
    first, second = _send(pipeline, expected=2), _send(pipeline)
    pipeline.data_received(b":1\r\n$2\r\na")
    assert (first, second) == ([], [])
    pipeline.data_received(b"b\r\n*2\r\n$-1\r\n$1\r\nz\r\n")
    assert (first, second) == ([[1, b"ab"]], [[[None, b"z"]]])
    assert counts.answers == 2
    assert wire.written == [b"x", b"x"]


async def test_a_late_answer_is_told_late_once_and_keeps_the_order(
    pipeline: Pipeline, wire: Wire, counts: Counts
) -> None:
    late, patient = _send(pipeline, patience=0.02), _send(pipeline)
    await asyncio.sleep(0.06)
    assert isinstance(late[0], Unavailable)
    assert patient == []
    pipeline.data_received(b":1\r\n:2\r\n")
    assert len(late) == 1
    assert patient == [[2]]
    assert (counts.late, wire.aborted) == (1, False)


async def test_an_impatient_question_after_a_patient_one_is_told_in_time(pipeline: Pipeline, wire: Wire) -> None:
    _send(pipeline, patience=5)
    impatient = _send(pipeline, patience=0.02)
    await asyncio.sleep(0.06)
    assert isinstance(impatient[0], Unavailable)


async def test_a_connection_without_answers_is_given_up(pipeline: Pipeline, wire: Wire) -> None:
    first, second = _send(pipeline, patience=0.01, timeout=0.03), _send(pipeline)
    await asyncio.sleep(0.08)
    assert wire.aborted
    assert pipeline.lost.is_set()
    assert [len(first), len(second)] == [1, 1]
    assert isinstance(second[0], Unavailable)
    with pytest.raises(Unavailable):
        _send(pipeline)


@pytest.mark.parametrize("data", [b"HTTP/1.1 400\r\n", b":1\r\n:2\r\n"])
async def test_nonsense_and_answers_that_nobody_asked_for_end_it(pipeline: Pipeline, wire: Wire, data: bytes) -> None:
    _send(pipeline)
    pipeline.data_received(data)
    assert wire.aborted


async def test_no_more_is_sent_than_a_slow_redis_takes(pipeline: Pipeline, wire: Wire) -> None:
    pipeline.pause_writing()
    with pytest.raises(Unavailable):
        _send(pipeline)
    pipeline.resume_writing()
    for _ in range(MAX_UNDER_WAY):
        _send(pipeline)
    with pytest.raises(Unavailable):
        _send(pipeline)
    assert len(wire.written) == MAX_UNDER_WAY
