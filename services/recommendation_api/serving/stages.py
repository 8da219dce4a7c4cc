"""Where the time of a computed list goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from recsys.telemetry import STAGE_SECONDS


def observe(stage_name: str, seconds: float) -> None:
    STAGE_SECONDS.labels(stage_name).observe(seconds)


@contextmanager
def stage(stage_name: str) -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    finally:
        observe(stage_name, time.perf_counter() - started)
