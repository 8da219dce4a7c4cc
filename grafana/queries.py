"""What panels ask Prometheus, the one datasource."""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = DataSourceRef(type_val="prometheus", uid="recstack-prometheus")
"""As grafana/provisioning/datasources/prometheus.yml has it."""
DATASOURCE_NAME = "Prometheus"
FORMATS = {"heatmap": PromQueryFormat.HEATMAP, "table": PromQueryFormat.TABLE}


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL with the legend of its series; `{{label}}` stands for a label's value."""

    expr: str
    legend: str = "__auto"

    def build(self, ref: str, *, now: bool = False, kind: str = "") -> Dataquery:
        """`ref` is unique in its panel; `now` asks for the last moment alone, `kind` is `heatmap` or `table`."""
        query = Dataquery().ref_id(ref).expr(self.expr).legend_format(self.legend).datasource(DATASOURCE)
        query = query.instant() if now else query.range()
        return query.format(FORMATS[kind]) if kind else query


def rate(metric: str, labels: str = "", by: str = "") -> str:
    """Per second, summed over what is not in `by`."""
    return f"sum{_by(by)}(rate({metric}{_where(labels)}[$__rate_interval]))"


def growth(metric: str, labels: str = "", by: str = "") -> str:
    """How much a counter grew in the time that is shown."""
    return f"sum{_by(by)}(increase({metric}{_where(labels)}[$__range]))"


def quantile(part: float, histogram: str, labels: str = "", by: str = "") -> str:
    """The value below which the share `part` of the observations lie."""
    buckets = rate(f"{histogram}_bucket", labels, f"le, {by}" if by else "le")
    return f"histogram_quantile({part}, {buckets})"


def share(histogram: str, bound: str, labels: str = "") -> str:
    """The share of observations that are at most `bound`, a bucket's bound as Prometheus writes it."""
    within = f'le="{bound}", {labels}' if labels else f'le="{bound}"'
    return f"{rate(f'{histogram}_bucket', within)} / {rate(f'{histogram}_count', labels)}"


def mean(histogram: str, labels: str = "", by: str = "") -> str:
    """The mean of a histogram's observations."""
    return f"{rate(f'{histogram}_sum', labels, by)} / {rate(f'{histogram}_count', labels, by)}"


def _by(labels: str) -> str:
    return f" by ({labels}) " if labels else ""


def _where(labels: str) -> str:
    return f"{{{labels}}}" if labels else ""
