"""What a computed answer costs, as a ratio to a flat scan of the catalogue by FAISS and to a bare ASGI answer.

    python benchmarks/answers.py [--users N --items N --interactions N] [--rounds N] [--json OUT]

One process of the API, one caller that waits for each answer, everything in turns, so that whatever else the machine
does hits all alike. Asked:

- an uncached hybrid list of ten, with and without explanations: at most 3 flat scans of 128 dimensions above a bare
  ASGI answer, at the median
- an event, and the answer right after its acknowledgement, which must have changed: within 2 uncached answers, both at
  the 95th percentile
- the same list under a filter that leaves .1 % of the catalogue: at most 2 unfiltered answers, at the median
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import faiss
import httpx
import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "services"), str(Path(__file__).resolve().parents[1])]

from benchmarks.stage import World, running_api, running_bare  # noqa: E402 - the repository's packages come by the path above

PATH = "/recommendations"
DIMENSIONS = 128
LEFT_SHARE = 0.001
TARGETS = {"explained list, flat scans": 3.0, "event to changed list": 2.0, "filtered list": 2.0}

Times = dict[str, list[float]]


def flat_scan(items: int) -> Callable[[], object]:
    """One query against all of `items` random vectors, on one core."""
    faiss.omp_set_num_threads(1)
    rng = np.random.default_rng(0)
    index = faiss.IndexFlatIP(DIMENSIONS)
    index.add(rng.standard_normal((items, DIMENSIONS), dtype=np.float32))
    query = rng.standard_normal((1, DIMENSIONS), dtype=np.float32)
    return lambda: index.search(query, 10)


def taken(work: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def ask(client: httpx.Client, user: int, **more: Any) -> dict[str, Any]:
    body = {"user_id": user, "num_recommendations": 10, "algorithm": "hybrid", "use_cache": False, **more}
    found: dict[str, Any] = client.post(PATH, json=body).raise_for_status().json()
    return found


def narrow_filter(client: httpx.Client, items: int) -> dict[str, Any]:
    """A price that so few items reach that `LEFT_SHARE` of the catalogue is left."""
    wanted = max(1, round(items * LEFT_SHARE))
    sample = np.random.default_rng(0).choice(items, min(items, 2_000), replace=False) + 1
    prices = [client.get(f"/items/{item}").json()["price"] or 0.0 for item in sample.tolist()]
    return {"min_price": float(np.quantile(prices, 1 - wanted / items))}


def one_round(client: httpx.Client, bare: httpx.Client, users: Sequence[int], scan: Callable[[], object]) -> Times:
    """Everything once a user, in turns."""
    times: Times = {name: [] for name in ("scan", "bare", "list", "explained", "event", "changed", "filtered")}
    for user in users:
        times["scan"].append(taken(scan))
        times["bare"].append(taken(lambda: bare.post(PATH, json={"user_id": 1})))
        times["list"].append(taken(lambda: ask(client, user)))  # noqa: B023 - called at once
        times["explained"].append(taken(lambda: ask(client, user, explain=True)))  # noqa: B023
    return times


def react(client: httpx.Client, users: Sequence[int], times: Times) -> int:
    """How many lists had changed in the answer right after the event."""
    changed = 0
    for user in users:
        first = [entry["item_id"] for entry in ask(client, user, use_cache=True)["recommendations"]]
        event = {"user_id": user, "item_id": first[0], "type": "like"}
        times["event"].append(taken(lambda: client.post("/interactions", json=event).raise_for_status()))  # noqa: B023
        began = time.perf_counter()
        after = [entry["item_id"] for entry in ask(client, user, use_cache=True)["recommendations"]]
        times["changed"].append(1000 * (time.perf_counter() - began))
        changed += first[0] not in after
    return changed


def ratios(times: Times) -> dict[str, float]:
    middle = {name: float(np.median(values)) for name, values in times.items()}
    late = {name: float(np.percentile(values, 95)) for name, values in times.items()}
    return {
        "explained list, flat scans": (middle["explained"] - middle["bare"]) / middle["scan"],
        "list, flat scans": (middle["list"] - middle["bare"]) / middle["scan"],
        "event to changed list": late["changed"] / late["list"],
        "filtered list": middle["filtered"] / middle["list"],
    }


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    world, scan = World(arguments.users, arguments.items, arguments.interactions), flat_scan(arguments.items)
    users = np.random.default_rng(1).permutation(arguments.users) + 1
    asked, reacting = users[: arguments.rounds].tolist(), users[-min(arguments.rounds, 200) :].tolist()
    with running_api(world, {}) as api, httpx.Client(base_url=f"http://127.0.0.1:{api.port}", timeout=30) as client:
        body = len(client.post(PATH, json={"user_id": 1}).content)
        with running_bare(body) as server, httpx.Client(base_url=f"http://127.0.0.1:{server.port}") as bare:
            one_round(client, bare, asked[:50], scan)
            times = one_round(client, bare, asked, scan)
        changed = react(client, reacting, times)
        filters = narrow_filter(client, arguments.items)
        times["filtered"] = [taken(lambda: ask(client, user, filters=filters)) for user in asked]  # noqa: B023
    return {
        "world": asdict(world),
        "cpus": os.cpu_count(),
        "changed": changed,
        "events": len(reacting),
        "ms": {
            name: dict(zip(("p50", "p95"), np.percentile(each, (50, 95)).tolist(), strict=True))
            for name, each in times.items()
        },
        "ratios": ratios(times),
    }


def show(result: dict[str, Any]) -> None:
    print(f"{'':<28}{'p50 ms':>9}{'p95 ms':>9}")
    for name, figures in result["ms"].items():
        print(f"{name:<28}{figures['p50']:>9.2f}{figures['p95']:>9.2f}")
    print(f"\nchanged by the event: {result['changed']} of {result['events']}\n")
    for name, ratio in result["ratios"].items():
        target = TARGETS.get(name)
        print(f"{name:<28}{ratio:>9.2f}" + (f"   at most {target:.0f}" if target else ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--interactions", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    result = run(arguments)
    show(result)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
