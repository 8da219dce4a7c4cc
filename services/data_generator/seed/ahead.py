"""Working ahead: the next blocks are drawn in a thread while PostgreSQL takes in the present one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")

DEPTH = 3
"""Blocks that may lie ready; with this many the thread waits."""


def ahead(function: Callable[[Argument], Result], arguments: Iterable[Argument]) -> Generator[Result]:
    """The results in the order of the arguments; what `function` raises is raised here."""
    pending: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="draw-ahead")
    try:
        for argument in arguments:
            pending.append(pool.submit(function, argument))
            if len(pending) > DEPTH:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
