"""Metrics of one worker, or of all workers of the port added up."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client reads it when it is first imported."""
ADDED_UP = frozenset(
    {
        "process_cpu_seconds",
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_open_fds",
    }
)


def share_metrics(folder: Path) -> None:
    """Have this process and its children write their metrics into `folder`, empty now. Call it before
    prometheus_client declares any metric.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[FOLDER_VARIABLE] = str(folder)


def leave_metrics() -> None:
    """What this worker counted stays; what it alone was, its gauges, goes."""
    if FOLDER_VARIABLE in os.environ:
        mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]


def exposition() -> bytes:
    """Everything in Prometheus' text format."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder is None:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    registry.register(Workers(Path(folder)))
    return generate_latest(registry)


class Workers(Collector):
    """What all workers counted, and what the living ones are, added up.

    The files hold every metric that a worker declares, also those that another service feeds and exposes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        living = _bury_the_killed(self._folder)
        ours = {metric.name for metric in REGISTRY.collect()}
        counted = MultiProcessCollector(None, str(self._folder)).collect()  # type: ignore[no-untyped-call]
        yield from (metric for metric in counted if metric.name in ours)
        yield from _processes(living)


def _processes(pids: Iterable[int]) -> Iterator[Metric]:
    """Memory, processor time and open files of them together."""
    together: dict[str, Metric] = {}
    for pid in pids:
        for metric in ProcessCollector(pid=partial(str, pid), registry=None).collect():
            if metric.name in ADDED_UP:
                (mine,), before = metric.samples, together.setdefault(metric.name, metric)
                if before is not metric:
                    before.samples = [mine._replace(value=mine.value + before.samples[0].value)]
    yield from together.values()


def _bury_the_killed(folder: Path) -> set[int]:
    """A worker that was killed left its gauges behind. Returns those that live."""
    pids = {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*.db")}
    living = {pid for pid in pids if _is_running(pid)}
    for pid in pids - living:
        with suppress(FileNotFoundError):  # another worker, asked at the same moment, was faster
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
    return living


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
