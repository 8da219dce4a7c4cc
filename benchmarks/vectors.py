"""What an approximate search of the nearest items saves against a scan, by the size of the catalogue.

    python benchmarks/vectors.py [--sizes 10000,50000,200000] [--length 128] [--json OUT]

Both are asked in turns in the same run, one query at a time as a request does, so that a ratio stands whatever else the
machine does. The vectors lie in groups of some two hundred, as the factors of items that the same people touch do.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "services")]

from recsys.neighbours.exact import ExactIndex  # noqa: E402 - the repository's own package comes by the path above
from recsys.neighbours.inverted import InvertedIndex  # noqa: E402
from recsys.neighbours.nearest import LISTED, MIN_RECALL, PROBES  # noqa: E402
from recsys.neighbours.ports import Vectors  # noqa: E402
from recsys.neighbours.recall import recall  # noqa: E402

QUERIES = 40
GROUP = 200


def item_factors(count: int, length: int, seed: int = 0) -> Vectors:
    """(count, length) of length one: a centre of a group, and as much again of one's own."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((max(1, count // GROUP), length), np.float32)
    vectors = rng.standard_normal((count, length), np.float32)
    vectors += centres[rng.integers(len(centres), size=count)]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(count: int, length: int) -> dict[str, Any]:
    vectors = item_factors(count, length)
    exact = ExactIndex(vectors)
    began = time.perf_counter()
    index = InvertedIndex(vectors, probes=PROBES[0])
    build = time.perf_counter() - began
    reached = 0.0
    for probes in PROBES:
        index.probes = min(probes, index.cells)
        reached = recall(index, vectors, LISTED)
        if reached >= MIN_RECALL:
            break
    times: dict[str, list[float]] = {"scan": [], "approximate": []}
    with threadpool_limits(1):  # requests share the cores
        for row in np.random.default_rng(1).integers(count, size=QUERIES):
            query = vectors[row : row + 1]
            times["scan"].append(seconds(partial(exact.search, query, LISTED)))
            times["approximate"].append(seconds(partial(index.search, query, LISTED)))
    scan, approximate = (1000 * statistics.median(times[name]) for name in ("scan", "approximate"))
    batch = vectors[: min(count, 8_192)]
    listing = seconds(lambda: index.search(batch, LISTED + 1)) * count / len(batch)
    return {
        "items": count,
        "scan_ms": scan,
        "approximate_ms": approximate,
        "ratio": approximate / scan,
        "recall": reached,
        "probes": index.probes,
        "build_s": build,
        "list_all_s": listing,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,50000,200000")
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = []
    for size in arguments.sizes.split(","):
        rows.append(measure(int(size), arguments.length))
        print("  ".join(f"{name} {value:.4g}" for name, value in rows[-1].items()), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
