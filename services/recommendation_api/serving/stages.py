"""Where the time of a computed list goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from recsys.telemetry import STAGE_SECONDS

STAGES = {
    name: STAGE_SECONDS.labels(name)
    for name in ("cache", "queue", "load", "candidates", "filters", "blend", "explain", "store")
}


def observe(stage_name: str, seconds: float) -> None:
    STAGES[stage_name].observe(seconds)


@contextmanager
def stage(stage_name: str) -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    finally:
        observe(stage_name, time.perf_counter() - started)
