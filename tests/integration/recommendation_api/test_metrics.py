"""The API's metrics page after known traffic: two workers added up, exact counts, listed labels, nothing missing."""

from __future__ import annotations

import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from native import processes
from native.answers import http_ok
from native.places import ROOT
from native.ports import LOOPBACK, free_port
from recsys.settings import Settings
from recsys.telemetry import LABELS
from recsys.testing.releases import VERSION

pytestmark = pytest.mark.integration

USERS = range(1, 21)
WORKERS = 2
STARTED = re.compile(r"\bserving +pid=")
Page = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def server(settings: Settings, variables: dict[str, str], tmp_path: Path) -> Iterator[str]:
    del settings
    port = free_port()
    environment = {**os.environ, **variables, "PYTHONPATH": str(ROOT / "services"), "API_PORT": str(port)}
    environment |= {"API_WORKERS": str(WORKERS), "OPENBLAS_NUM_THREADS": "1"}
    log = tmp_path / "api.log"
    with log.open("wb") as output:
        process = processes.start([sys.executable, "-m", "recommendation_api"], output=output, environment=environment)
    try:
        deadline = time.monotonic() + 120
        while not http_ok(port, "/ready") or len(STARTED.findall(log.read_text())) < WORKERS:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        processes.stop(process)


def _page(address: str) -> Page:
    families = text_string_to_metric_families(httpx.get(f"{address}/metrics", timeout=30).text)
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def _until(address: str, holds: Callable[[Page], bool]) -> Page:
    deadline = time.monotonic() + 60
    while not holds(page := _page(address)):
        assert time.monotonic() < deadline, page
        time.sleep(0.2)
    return page


def _at(page: Page, name: str, **labels: str) -> float | None:
    return page.get((f"recstack_{name}", frozenset(labels.items())))


def _traffic(address: str) -> float:
    """Each call on a connection of its own, so that both workers get some; returns what was bought for."""
    bought = 0.0
    for user_id in USERS:
        body = {"user_id": user_id, "num_recommendations": 5, "algorithm": "als"}
        first, second = (httpx.post(f"{address}/recommendations", json=body, timeout=30).json() for _ in range(2))
        assert (first["cached"], second["cached"]) == (False, True)
        item_id = first["recommendations"][0]["item_id"]
        event = {"user_id": user_id, "item_id": item_id, "recommendation_id": first["recommendation_id"]}
        for kind in ("click", "purchase"):
            assert httpx.post(f"{address}/interactions", json={**event, "type": kind}, timeout=30).status_code == 201
        bought += httpx.get(f"{address}/items/{item_id}", timeout=30).json().get("price") or 0.0
    assert httpx.get(f"{address}/items/{10**9}", timeout=30).status_code == 404
    return bought


def test_known_traffic_is_counted_exactly_over_two_workers(server: str, tmp_path: Path) -> None:
    bought = _traffic(server)
    n = len(USERS)
    kinds = ("click", "purchase")
    named = {"name": "attributed_events_total", "algorithm": "als"}
    page = _until(server, lambda now: all(_at(now, **named, type=kind) == n for kind in kinds))
    lists = {"route": "/recommendations", "method": "POST", "status": "200", "algorithm": "als"}
    assert _at(page, "requests_total", **lists) == 2 * n
    item = {"route": "/items/{item_id}", "method": "GET", "algorithm": ""}
    assert [_at(page, "requests_total", **item, status=status) for status in ("200", "404")] == [n, 1]
    assert _at(page, "request_seconds_count", route="/recommendations") == 2 * n
    assert _at(page, "recommendations_total", algorithm="als", cold_start="false") == 2 * n
    assert [_at(page, "cache_total", outcome=outcome) for outcome in ("miss", "hit", "unavailable")] == [n, n, 0]
    assert [_at(page, "events_total", type=kind, outcome="stored") for kind in kinds] == [n, n]
    assert [_at(page, "attributed_events_total", algorithm="als", type=kind) for kind in kinds] == [n, n]
    assert _at(page, "attributed_revenue_total", algorithm="als") == pytest.approx(bought)
    assert _at(page, "event_to_effect_seconds_count") == 2 * n
    assert _at(page, "list_popularity_count") == _at(page, "stage_seconds_count", stage="explain") == n
    sources = [value for (name, _), value in page.items() if name == "recstack_recommended_items_total"]
    assert sum(sources) == 5 * n
    assert _at(page, "release_version") == float("".join(VERSION.split("-")[:2]))
    _both_workers_took_part(tmp_path)
    page = _until(server, lambda now: _at(now, "dependency_up", dependency="mlflow") == 0)
    assert [_at(page, "dependency_up", dependency=name) for name in ("postgres", "redis")] == [1, 1]
    assert _at(page, "database_pool_limit") == 16
    _every_metric_is_there_with_listed_labels(page)


def _both_workers_took_part(folder: Path) -> None:
    files = next(folder.glob("run/*/metrics")).glob("counter_*.db")
    asked = Counter(path.name for path in files if b'"/items/{item_id}"' in path.read_bytes())
    assert len(asked) == 2


def _every_metric_is_there_with_listed_labels(page: Page) -> None:
    declared = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("recstack_")}
    endings = ("_total", "_bucket", "_count", "_sum")
    seen = set()
    for name, labels in page:
        if not name.startswith("recstack_"):
            continue
        base = next((name.removesuffix(end) for end in endings if name.endswith(end)), name)
        seen.add(base)
        for label, value in labels - {(known, value) for known, value in labels if known == "le"}:
            values = LABELS[base][label]
            assert value in values if isinstance(values, frozenset) else values.fullmatch(value), (name, label, value)
    assert seen == declared
