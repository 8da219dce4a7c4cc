"""What the API's `/metrics` says at a glance, where no Prometheus keeps it."""

from __future__ import annotations

import http.client
import math
import time
from collections.abc import Iterable

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from rich.table import Table

from native.ports import LOOPBACK

SECONDS = 3.0
SERVER_ERRORS = "5"
P95 = 0.95


def read(port: int) -> list[Sample]:
    """Every sample of the page; none where it does not answer."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=SECONDS)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return []
    finally:
        connection.close()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def table(samples: list[Sample], now: float | None = None) -> Table:
    """The headline figures since the API started."""
    requests = total(samples, "recstack_requests_total")
    errors = sum(
        sample.value
        for sample in of(samples, "recstack_requests_total")
        if sample.labels["status"].startswith(SERVER_ERRORS)
    )
    outcomes = {sample.labels["outcome"]: sample.value for sample in of(samples, "recstack_cache_total")}
    reads = sum(outcomes.values())
    trained = max((s.value for s in of(samples, "recstack_release_created_timestamp_seconds")), default=0.0)
    rows = {
        "requests": f"{requests:,.0f}, {errors:,.0f} of them failed",
        "p95 of an answer": seconds(quantile(of(samples, "recstack_request_seconds_bucket"), P95)),
        "lists": f"{total(samples, 'recstack_recommendations_total'):,.0f}",
        "from the cache": f"{outcomes.get('hit', 0) / reads:.0%}" if reads else "none asked for",
        "events": f"{total(samples, 'recstack_events_total'):,.0f}",
        "release": f"{((now or time.time()) - trained) / 3600:.1f} h old" if trained else "none",
    }
    figures = Table(box=None, show_header=False, padding=(0, 2))
    for name, value in rows.items():
        figures.add_row(name, value)
    return figures


def of(samples: Iterable[Sample], name: str) -> list[Sample]:
    return [sample for sample in samples if sample.name == name]


def total(samples: Iterable[Sample], name: str) -> float:
    return sum(sample.value for sample in of(samples, name))


def quantile(buckets: Iterable[Sample], share: float) -> float:
    """Seconds that `share` of the observations took at most, to the bucket's bound; NaN without any."""
    counts: dict[float, float] = {}
    for bucket in buckets:
        bound = float(bucket.labels["le"])
        counts[bound] = counts.get(bound, 0.0) + bucket.value
    wanted = share * counts.get(math.inf, 0.0)
    return min((bound for bound, count in counts.items() if count >= wanted > 0), default=math.nan)


def seconds(value: float) -> str:
    if math.isnan(value):
        return "nothing was asked"
    return "more than the last bucket" if math.isinf(value) else f"{value * 1000:g} ms or less"
