"""How fast `POST /recommendations` is, as a share of what a bare ASGI application answers on the same machine.

    python benchmarks/hot_path.py [--users N --items N --interactions N] [--json OUT]

Starts its own PostgreSQL and Redis, seeds a world, fits a release, and starts the API and the bare application, one
worker each. Both are driven in turns from a separate process, so that whatever else the machine does hits both. Asked:

- cache hits: every user's list is cached, users are drawn at random
- misses: every user once with an empty cache; and one after the other, each alone
- an event and the answer after it, which must have changed
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "services"), str(Path(__file__).resolve().parents[1])]

from benchmarks.load import Figures, Plan  # noqa: E402 - the repository's own packages come by the path above
from benchmarks.stage import Server, World, running_api, running_bare  # noqa: E402

PATH = "/recommendations"
STAGE = re.compile(r'recstack_stage_seconds_(sum|count)\{stage="(\w+)"\} (\S+)')


def drive(plan: Plan) -> Figures:
    """Run `plan` in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_text(json.dumps(asdict(plan)), encoding="utf-8")
        command = [sys.executable, str(Path(__file__).parent / "load.py"), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=plan.seconds + 90, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(done.stderr)
    figures = Figures(**json.loads(done.stdout))
    if set(figures.statuses) != {"200"}:
        raise RuntimeError(f"not every answer was a 200: {figures.statuses}")
    return figures


def asking(users: Sequence[int], algorithm: str, **more: Any) -> list[str]:
    return [json.dumps({"user_id": user, "num_recommendations": 10, "algorithm": algorithm, **more}) for user in users]


def measured(server: Server, plan: Plan) -> dict[str, Any]:
    before = server.cpu_seconds()
    figures = drive(plan)
    return asdict(figures) | {"cpu_ms_per_request": 1000 * (server.cpu_seconds() - before) / figures.requests}


def middle(rounds: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The median round, figure by figure."""
    names = ("per_second", "p50", "p95", "p99", "cpu_ms_per_request", "mean_body_bytes")
    return {name: statistics.median(each[name] for each in rounds) for name in names}


def compare(api: Server, bodies: Sequence[str], arguments: argparse.Namespace) -> dict[str, Any]:
    """Hits and the bare application, in turns."""
    probe = drive(Plan(api.port, PATH, bodies[:100], 1, 10, once=True))
    with running_bare(round(probe.mean_body_bytes)) as bare:
        rounds: dict[str, list[dict[str, Any]]] = {"bare": [], "hits": []}
        for number in range(arguments.rounds):
            for name, server in (("bare", bare), ("hits", api)):
                plan = Plan(server.port, PATH, bodies, arguments.connections, arguments.seconds, seed=number)
                rounds[name].append(measured(server, plan))
    pairs = list(zip(rounds["hits"], rounds["bare"], strict=True))
    hits, bare_figures = middle(rounds["hits"]), middle(rounds["bare"])
    return {
        "bare": bare_figures,
        "hits": hits,
        "ratio": statistics.median(hit["per_second"] / plain["per_second"] for hit, plain in pairs),
        "ratio_cpu": bare_figures["cpu_ms_per_request"] / hits["cpu_ms_per_request"],
    }


def stages(client: httpx.Client) -> dict[str, tuple[float, float]]:
    """Seconds and calls so far, by stage."""
    found: dict[str, dict[str, float]] = {}
    for kind, stage, value in STAGE.findall(client.get("/metrics").text):
        found.setdefault(stage, {})[kind] = float(value)
    return {stage: (values["sum"], values["count"]) for stage, values in found.items()}


def mean_stages(before: dict[str, tuple[float, float]], after: dict[str, tuple[float, float]]) -> dict[str, float]:
    """Milliseconds a call, by stage, between two readings."""
    means = {}
    for stage, (seconds, calls) in after.items():
        earlier_seconds, earlier_calls = before.get(stage, (0.0, 0.0))
        if calls > earlier_calls:
            means[stage] = 1000 * (seconds - earlier_seconds) / (calls - earlier_calls)
    return means


def alone(api: Server, client: httpx.Client, users: Sequence[int], algorithm: str) -> dict[str, Any]:
    """Misses one after the other: what a single caller waits for."""
    before = stages(client)
    plan = Plan(api.port, PATH, asking(users, algorithm, use_cache=False), 1, 60, once=True)
    return measured(api, plan) | {"stages_ms": mean_stages(before, stages(client))}


def events(client: httpx.Client, users: Sequence[int]) -> dict[str, Any]:
    """An event on the first recommended item, then the list again: it must have changed."""
    event_times, answer_times, changed = [], [], 0
    for user in users:
        body = {"user_id": user, "num_recommendations": 10, "algorithm": "hybrid"}
        first = [entry["item_id"] for entry in client.post(PATH, json=body).json()["recommendations"]]
        began = time.perf_counter()
        client.post("/interactions", json={"user_id": user, "item_id": first[0], "type": "like"}).raise_for_status()
        acknowledged = time.perf_counter()
        answer = client.post(PATH, json=body).json()
        event_times.append(1000 * (acknowledged - began))
        answer_times.append(1000 * (time.perf_counter() - acknowledged))
        changed += first[0] not in [entry["item_id"] for entry in answer["recommendations"]]
    return {
        "asked": len(users),
        "changed": changed,
        "event": percentiles(event_times),
        "answer": percentiles(answer_times),
    }


def percentiles(times: Sequence[float]) -> dict[str, float]:
    return dict(zip(("p50", "p95", "p99"), map(float, np.percentile(times, (50, 95, 99))), strict=True))


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    world = World(arguments.users, arguments.items, arguments.interactions)
    everybody = list(range(1, arguments.users + 1))
    few = everybody[:: max(1, arguments.users // 300)][:300]
    with running_api(world, {}) as api, httpx.Client(base_url=f"http://127.0.0.1:{api.port}", timeout=30) as client:
        result: dict[str, Any] = {"world": asdict(world), "cpus": os.cpu_count(), "connections": arguments.connections}
        result["misses_alone"] = {name: alone(api, client, few, name) for name in arguments.algorithms}
        before = stages(client)
        plan = Plan(api.port, PATH, asking(everybody, "hybrid"), arguments.connections, 300, once=True)
        result["misses_together"] = measured(api, plan) | {"stages_ms": mean_stages(before, stages(client))}
        result |= compare(api, asking(everybody, "hybrid"), arguments)
        result["events"] = events(client, few[:100])
        result["memory_mb"] = api.memory_mb()
    return result


def show(result: dict[str, Any]) -> None:
    rows = [
        ("bare ASGI", result["bare"]),
        ("cache hits", result["hits"]),
        ("misses together", result["misses_together"]),
    ]
    rows += [(f"miss alone, {name}", figures) for name, figures in result["misses_alone"].items()]
    print(f"{'':<28}{'requests/s':>12}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'CPU ms':>9}")
    for name, figures in rows:
        times = "".join(f"{figures[key]:>9.2f}" for key in ("p50", "p95", "p99", "cpu_ms_per_request"))
        print(f"{name:<28}{figures['per_second']:>12.0f}{times}")
    for name in ("event", "answer"):
        times = "".join(f"{value:>9.2f}" for value in result["events"][name].values())
        print(f"{'event' if name == 'event' else 'answer after it':<40}{times}")
    print(f"\nchanged by the event: {result['events']['changed']} of {result['events']['asked']}")
    print(f"hits as a share of bare ASGI: {result['ratio']:.2f} by throughput, {result['ratio_cpu']:.2f} by CPU time")
    for name, figures in [("together", result["misses_together"]), *result["misses_alone"].items()]:
        stage_times = ", ".join(f"{stage} {value:.2f}" for stage, value in figures["stages_ms"].items())
        print(f"stages, {name}, ms: {stage_times}")
    print(f"memory of the API: {result['memory_mb']:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--interactions", type=int, default=500_000)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--algorithms", type=lambda text: text.split(","), default=["hybrid", "als", "item_based"])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    result = run(arguments)
    show(result)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
