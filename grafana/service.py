"""Service: whether answers come, how fast, from where, and what went wrong on the way."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.timeseries import Panel as Chart
from grafana_foundation_sdk.models.common import StackingMode
from grafana_foundation_sdk.models.units import CountsPerSecond, NoUnit, PercentUnit, RequestsPerSecond, Seconds

from grafana import colours
from grafana.alerts import SERVICE
from grafana.colours import BAD, CALM, FAIR, GOOD, Steps
from grafana.layout import Panels, Section, choice, dashboard
from grafana.panels import Caption, chart, density, figure
from grafana.queries import Query, quantile, rate, share

LISTS = 'route="/recommendations"'
CHOSEN = 'route=~"$route"'
FAST = ((0.1, FAIR), (0.25, BAD))
"""Seconds to a list."""


def service() -> Dashboard:
    about = "Requests, their times and failures; what a list costs, and what the cache saves."
    route = choice("route", "Route", "Narrows the panels by route.", "recstack_requests_total")
    sections = [
        Section("", _glance()),
        Section("Traffic", [*_requests(), *_kinds()]),
        Section("How fast", [*_times(), *_spread()]),
        Section("Inside a list", [*_stages(), *_cache()]),
        Section("What went wrong", [*_shortfalls(), *_lost()]),
    ]
    return dashboard(SERVICE, "Service", about, sections, [route], since="now-3h")


def time_to_a_list(percentile: str) -> Query:
    """`p50`, `p95` or `p99` over five minutes."""
    return Query(f"recstack:request_seconds:{percentile}_5m{{{LISTS}}}", percentile)


def times_to_a_list(number: int, *, steps: Steps = (), width: int = 12) -> Chart:
    """The three of them over time."""
    about = "Percentiles of POST /recommendations over five minutes, cached lists included."
    return chart(
        Caption(number, "Time to a list", about, Seconds),
        *(time_to_a_list(percentile) for percentile in ("p50", "p95", "p99")),
        colours=colours.PERCENTILES,
        steps=steps,
        width=width,
    )


def _glance() -> Panels:
    up = Query('min(up{job="recommendation-api"})', "API")
    return [
        figure(
            Caption(1, "API", "Whether Prometheus reaches the API; of several, the worst.", NoUnit),
            up,
            words={1: ("up", GOOD), 0: ("down", BAD)},
            bold=True,
        ),
        figure(
            Caption(2, "Requests", "All routes together, over five minutes.", RequestsPerSecond),
            Query("sum(recstack:request_rate:5m)", "Requests"),
        ),
        figure(
            Caption(3, "Failures", "Share of requests that were answered with a 5xx, over five minutes.", PercentUnit),
            Query("recstack:error_ratio:5m", "Failures"),
            first=GOOD,
            steps=((0.01, FAIR), (0.05, BAD)),
            decimals=2,
        ),
        *(
            figure(
                Caption(number, f"Time to a list, {name}", about, Seconds),
                time_to_a_list(name),
                first=GOOD,
                steps=FAST,
            )
            for number, name, about in (
                (4, "p50", "Half of the lists are answered within this time, cached ones included."),
                (5, "p95", "All but one list in twenty are answered within this time."),
                (6, "p99", "All but one list in a hundred are answered within this time."),
            )
        ),
    ]


def _requests() -> Panels:
    by_class = (
        f"sum by (class) (label_replace(rate(recstack_requests_total{{{CHOSEN}}}[$__rate_interval]),"
        ' "class", "${1}xx", "status", "(.).."))'
    )
    return [
        chart(
            Caption(11, "Requests by route", "What is asked for, by the template of the address.", RequestsPerSecond),
            Query(rate("recstack_requests_total", CHOSEN, "route"), "{{route}}"),
            stacked=StackingMode.NORMAL,
        ),
        chart(
            Caption(12, "Answers by status", "2xx answered, 4xx the caller's mistake, 5xx ours.", RequestsPerSecond),
            Query(by_class, "{{class}}"),
            colours=colours.STATUSES,
            stacked=StackingMode.NORMAL,
        ),
    ]


def _kinds() -> Panels:
    refused = rate("recstack_requests_total", f'status=~"[45]..", {CHOSEN}', "route, status")
    return [
        chart(
            Caption(
                13,
                "Refused and failed",
                "Each 4xx and 5xx with its route. Many 422 or 404 on one route point at one caller's code.",
                RequestsPerSecond,
            ),
            Query(refused, "{{status}} {{route}}"),
        ),
        chart(
            Caption(
                14,
                "Lists by algorithm",
                "Lists answered, cached ones included, by the algorithm that was asked for.",
                RequestsPerSecond,
            ),
            Query(rate("recstack_recommendations_total", by="algorithm"), "{{algorithm}}"),
            colours=colours.ALGORITHMS,
            stacked=StackingMode.NORMAL,
        ),
    ]


def _times() -> Panels:
    return [
        times_to_a_list(21, steps=((0.25, BAD),)),
        chart(
            Caption(
                22,
                "Time to an answer, p95 by route",
                "Over five minutes. A route that is rarely asked for is jumpy.",
                Seconds,
            ),
            Query(f"recstack:request_seconds:p95_5m{{{CHOSEN}}}", "{{route}}"),
        ),
    ]


def _spread() -> Panels:
    return [
        density(
            Caption(
                23,
                "Where the times of lists lie",
                "The stronger the colour, the more. Two bands are usual: cached lists below, computed ones above.",
                Seconds,
            ),
            "recstack_request_seconds",
            LISTS,
        ),
        chart(
            Caption(
                24, "Lists within a time", "Share of lists that were answered within 10, 50 and 250 ms.", PercentUnit
            ),
            *(
                Query(share("recstack_request_seconds", bound, LISTS), name)
                for bound, name in (("0.01", "10 ms"), ("0.05", "50 ms"), ("0.25", "250 ms"))
            ),
            colours={"10 ms": GOOD, "50 ms": CALM, "250 ms": "purple"},
            top=1,
        ),
    ]


def _stages() -> Panels:
    spent = rate("recstack_stage_seconds_sum", by="stage")
    return [
        chart(
            Caption(
                31, "Time by stage, p95", "Stages of an answer, from the cache's reply to the stored list.", Seconds
            ),
            Query(quantile(0.95, "recstack_stage_seconds", by="stage"), "{{stage}}"),
        ),
        chart(
            Caption(32, "Where the time goes", "Each stage's share of the time that answers take.", PercentUnit),
            Query(f"{spent} / on () group_left () {rate('recstack_stage_seconds_sum')}", "{{stage}}"),
            stacked=StackingMode.NORMAL,
            top=1,
        ),
    ]


def _cache() -> Panels:
    return [
        chart(
            Caption(
                33,
                "Cache reads",
                "hit: Redis had it. miss: computed. bypass: the caller wanted it fresh. unavailable: no Redis.",
                RequestsPerSecond,
            ),
            Query(rate("recstack_cache_total", by="outcome"), "{{outcome}}"),
            colours=colours.CACHE,
            stacked=StackingMode.NORMAL,
            width=8,
        ),
        chart(
            Caption(
                34,
                "Cache hits",
                "Hits among reads, over five minutes. A new release or an event of the user ends what was kept.",
                PercentUnit,
            ),
            Query("recstack:cache_hit_ratio:5m", "hits"),
            colours={"hits": GOOD},
            top=1,
            width=8,
        ),
        chart(
            Caption(
                35,
                "Cache writes",
                "stored: lists kept. invalidated: users whose lists an event ended. full and too_large: not kept.",
                CountsPerSecond,
            ),
            Query(rate("recstack_cache_writes_total", by="outcome"), "{{outcome}}"),
            width=8,
        ),
    ]


def _shortfalls() -> Panels:
    return [
        chart(
            Caption(
                41,
                "Answers without a dependency",
                "Answers that say degraded: given from what was known while a dependency was away.",
                RequestsPerSecond,
            ),
            Query(rate("recstack_degraded_answers_total", by="dependency"), "{{dependency}}"),
            width=8,
        ),
        chart(
            Caption(
                42,
                "Filled up by others",
                "Computed lists that the algorithm asked for did not fill, by why. New users are the usual reason.",
                CountsPerSecond,
            ),
            Query(rate("recstack_fallback_answers_total", by="reason"), "{{reason}}"),
            stacked=StackingMode.NORMAL,
            width=8,
        ),
        chart(
            Caption(
                43,
                "Empty lists",
                "Share of lists without any item, over five minutes: filters that leave nothing, or no catalogue.",
                PercentUnit,
            ),
            Query("recstack:empty_ratio:5m", "empty"),
            colours={"empty": "orange"},
            steps=((0.05, BAD),),
            width=8,
        ),
    ]


def _lost() -> Panels:
    return [
        chart(
            Caption(
                44,
                "Failures in the background",
                "Tasks that run beside the answers and failed, by task; they are tried again.",
                CountsPerSecond,
            ),
            Query(rate("recstack_background_errors_total", by="task"), "{{task}}"),
            width=8,
        ),
        chart(
            Caption(
                45,
                "Lists that were not kept",
                "Lists answered but not written down, as the queue to PostgreSQL was full: events cannot name them.",
                CountsPerSecond,
            ),
            Query(rate("recstack_lists_dropped_total"), "dropped"),
            colours={"dropped": BAD},
            width=8,
        ),
        chart(
            Caption(
                46,
                "Items for the search index",
                "missed: Elasticsearch did not take them; they are searched in PostgreSQL until it has caught up.",
                CountsPerSecond,
            ),
            Query(rate("recstack_indexed_items_total", by="outcome"), "{{outcome}}"),
            colours={"missed": BAD},
            width=8,
        ),
    ]
