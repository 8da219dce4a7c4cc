"""Which series there are, and which labels each has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml
from prometheus_client import Histogram
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.utils import floatToGoString

from native.places import ROOT
from recsys import telemetry
from recsys.telemetry import LABELS, Values
from tests.unit.grafana.promql import grouped

RULES = ROOT / "prometheus" / "rules"
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
SCRAPED = frozenset({"job", "instance"})
"""Prometheus adds them to each series."""
FOREIGN: Mapping[str, frozenset[str]] = {
    # Prometheus on each target, and on itself
    "up": frozenset(),
    "scrape_duration_seconds": frozenset(),
    "scrape_samples_post_metric_relabeling": frozenset(),
    "ALERTS": frozenset({"alertname", "alertstate"}),
    "prometheus_rule_evaluation_failures_total": frozenset({"rule_group"}),
    # client libraries, on the process that they are in
    "process_resident_memory_bytes": frozenset(),
    "process_cpu_seconds_total": frozenset(),
    # postgres_exporter
    "pg_stat_activity_count": frozenset({"datname", "state"}),
    "pg_settings_max_connections": frozenset({"server"}),
    "pg_stat_database_xact_commit": frozenset({"datname"}),
    "pg_stat_database_xact_rollback": frozenset({"datname"}),
    "pg_stat_database_blks_hit": frozenset({"datname"}),
    "pg_stat_database_blks_read": frozenset({"datname"}),
    "pg_stat_database_tup_inserted": frozenset({"datname"}),
    "pg_stat_database_tup_updated": frozenset({"datname"}),
    "pg_stat_database_tup_deleted": frozenset({"datname"}),
    "pg_database_size_bytes": frozenset({"datname"}),
    # redis_exporter
    "redis_memory_used_bytes": frozenset(),
    "redis_memory_max_bytes": frozenset(),
    "redis_commands_total": frozenset({"cmd"}),
    "redis_keyspace_hits_total": frozenset(),
    "redis_keyspace_misses_total": frozenset(),
    "redis_db_keys": frozenset({"db"}),
    "redis_expired_keys_total": frozenset(),
    "redis_evicted_keys_total": frozenset(),
    "redis_connected_clients": frozenset(),
}


def declared() -> dict[str, frozenset[str]]:
    """Series of telemetry.py → their labels; a `job` of ours is `exported_job` beside Prometheus' own."""
    found = {}
    for metric in vars(telemetry).values():
        if isinstance(metric, MetricWrapperBase):
            labels = {"exported_job" if label == "job" else label for label in metric._labelnames}
            for suffix in SUFFIXES[str(metric._type)]:
                found[metric._name + suffix] = frozenset(labels | ({"le"} if suffix == "_bucket" else set()))
    return found


def recorded() -> dict[str, frozenset[str]]:
    """Series of the recording rules → the labels that they group by."""
    return {rule["record"]: frozenset(grouped(rule["expr"])) for rule in rules() if "record" in rule}


def rules() -> list[dict[str, Any]]:
    """Every rule, of recording and of alerting."""
    files = sorted(RULES.glob("*.yml"))
    assert files, f"no rules in {RULES}"
    return [rule for file in files for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]


def values(series: str, label: str) -> Values | None:
    """What the label of one of our series may be; None where that is not ours to say."""
    if label == "le":
        return frozenset(_bounds()[series])
    base = re.sub(r"_(total|bucket|sum|count)$", "", series)
    return LABELS.get(base, {}).get("job" if label == "exported_job" else label)


def _bounds() -> dict[str, list[str]]:
    return {
        f"{metric._name}_bucket": list(map(floatToGoString, metric._upper_bounds))
        for metric in vars(telemetry).values()
        if isinstance(metric, Histogram)
    }
