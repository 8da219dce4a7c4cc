"""A closed-loop HTTP/1.1 load generator: every connection sends its next request when the last one is answered.

Lean, so that the server and not the client is what is measured: requests are rendered beforehand, answers are only
counted and timed. Run in a process of its own: `python benchmarks/load.py PLAN.json` prints the figures as JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import numpy as np
import uvloop

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "
STATUS_AT = slice(9, 12)
PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Plan:
    """What to send: bodies in random order, or each once in the given order where `once`."""

    port: int
    path: str
    bodies: Sequence[str]
    connections: int
    seconds: float
    method: str = "POST"
    once: bool = False
    seed: int = 0

    def requests(self) -> list[bytes]:
        head = f"{self.method} {self.path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        return [f"{head}content-length: {len(body.encode())}\r\n\r\n{body}".encode() for body in self.bodies]


@dataclass(frozen=True)
class Figures:
    """Times in milliseconds."""

    requests: int
    seconds: float
    per_second: float
    p50: float
    p95: float
    p99: float
    statuses: dict[str, int]
    mean_body_bytes: float


class Run:
    """The state that the connections share."""

    def __init__(self, plan: Plan) -> None:
        self.requests = plan.requests()
        self.once = plan.once
        self.random = random.Random(plan.seed)  # noqa: S311 - a workload, no secret
        self.ends_at = time.perf_counter() + plan.seconds
        self.next = 0
        self.times: list[float] = []
        self.statuses: Counter[bytes] = Counter()
        self.body_bytes = 0

    def take(self) -> bytes | None:
        """The next request; None when it is over."""
        if time.perf_counter() >= self.ends_at:
            return None
        if not self.once:
            return self.requests[int(self.random.random() * len(self.requests))]
        self.next += 1
        return self.requests[self.next - 1] if self.next <= len(self.requests) else None


class Connection(asyncio.Protocol):
    def __init__(self, run: Run) -> None:
        self.run = run
        self.buffer = b""
        self.began = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer + data if self.buffer else data
        head = buffer.find(HEAD_END)
        if head < 0:
            self.buffer = buffer
            return
        at = buffer.find(LENGTH, 0, head)
        length = int(buffer[at + len(LENGTH) : buffer.find(b"\r", at)])
        if len(buffer) < head + len(HEAD_END) + length:
            self.buffer = buffer
            return
        self.buffer = b""
        self.run.times.append(time.perf_counter() - self.began)
        self.run.statuses[buffer[STATUS_AT]] += 1
        self.run.body_bytes += length
        self._send()

    def _send(self) -> None:
        request = self.run.take()
        if request is None:
            self.done.set_result(None)
            self.transport.close()
            return
        self.began = time.perf_counter()
        self.transport.write(request)


async def drive(plan: Plan) -> Figures:
    """Raises `TimeoutError` for a server that stops answering, `ConnectionError` for one that hangs up."""
    run, loop, began = Run(plan), asyncio.get_running_loop(), time.perf_counter()
    opened = [
        await loop.create_connection(lambda: Connection(run), "127.0.0.1", plan.port) for _ in range(plan.connections)
    ]
    async with asyncio.timeout(plan.seconds + PATIENCE_SECONDS):
        await asyncio.gather(*(connection.done for _, connection in opened))
    seconds = time.perf_counter() - began
    p50, p95, p99 = (float(value) * 1000 for value in np.percentile(run.times, (50, 95, 99)))
    return Figures(
        requests=len(run.times),
        seconds=seconds,
        per_second=len(run.times) / seconds,
        p50=p50,
        p95=p95,
        p99=p99,
        statuses={status.decode(): count for status, count in run.statuses.items()},
        mean_body_bytes=run.body_bytes / max(len(run.times), 1),
    )


if __name__ == "__main__":
    plan = Plan(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    print(json.dumps(asdict(uvloop.run(drive(plan)))))
