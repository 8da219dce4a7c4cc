"""Every metric of the platform, declared once: names, labels with their values, and buckets live here and nowhere else.

No label takes an unbounded value: never an id, a query or a path with an id in it. `LABELS` lists what each may take.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from recsys.domain import Algorithm, EventType

disable_created_metrics()  # type: ignore[no-untyped-call]

LATENCY_BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
SHARE_BUCKETS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)

Values = frozenset[str] | re.Pattern[str]
"""What a label may take: a list, or where another module has the list a pattern."""

ALGORITHMS = frozenset(algorithm.value for algorithm in Algorithm)
EVENT_TYPES = frozenset(event.value for event in EventType)
DEPENDENCIES = frozenset({"postgres", "redis", "mlflow", "elasticsearch", "jupyter"})
ERASED_STORES = frozenset({"redis", "releases", "mlflow"})
"""Those that follow the database."""
ROUTES = re.compile(r"/[a-z_/{}.]*|unknown")
"""Templates as the API declares them."""
STATUSES = re.compile(r"[1-5]\d\d")
ATTRIBUTES = frozenset({"age", "gender", "country"})
GROUPS = re.compile(r"[A-Z]{2}|\d\d-\d\d|\d\d\+|female|male|nonbinary|other|undisclosed|unknown")
"""ISO countries, bands of age, genders; `other` for countries with few users, `unknown` where nothing is stated."""

CHECKS = frozenset(
    {
        *("events", "users", "items", "impossible_values", "future_times", "duplicates"),
        *("drift_of_event_types", "drift_of_ratings", "drift_of_categories", "drift_of_popularity"),
        *("events_from_lists", "events_on_the_most_shown_items", "missing_clicks"),
    }
)
"""What a training looks at before it learns."""
JOBS = frozenset({"migrate", "data-generator", "model-trainer"})
TASKS = frozenset(
    {
        "release_watcher",
        "kept_lists",
        "impressions",
        "batcher",
        "catalogue",
        "attribution",
        "coverage",
        "probes",
        "indexing",
        "invalidation",
        "forgotten",
        "erasing",
        "job_records",
    }
)
"""What runs beside answers and trainings."""

TRAINER = CollectorRegistry()
"""What the trainer exposes; what the API does is in prometheus_client's own registry."""
ProcessCollector(registry=TRAINER)
PlatformCollector(registry=TRAINER)

# --- the API's requests

REQUESTS = Counter(
    "recstack_requests_total",
    "Requests by route, method, status and algorithm",
    ["route", "method", "status", "algorithm"],
)
REQUEST_SECONDS = Histogram("recstack_request_seconds", "Time to answer, by route", ["route"], buckets=LATENCY_BUCKETS)
STAGE_SECONDS = Histogram(
    "recstack_stage_seconds", "Time by stage of a computed list", ["stage"], buckets=LATENCY_BUCKETS
)
CACHE = Counter("recstack_cache_total", "Cache reads by outcome", ["outcome"])
CACHE_WRITES = Counter(
    "recstack_cache_writes_total", "Lists stored, users' lists dropped, by what happened", ["outcome"]
)

# --- what it recommends

RECOMMENDATIONS = Counter("recstack_recommendations_total", "Lists answered", ["algorithm", "cold_start"])
EMPTY_ANSWERS = Counter("recstack_empty_answers_total", "Lists answered without any item", ["algorithm"])
FALLBACK_ANSWERS = Counter(
    "recstack_fallback_answers_total",
    "Computed lists that the algorithm asked for did not fill, by why",
    ["algorithm", "reason"],
)
RECOMMENDED_ITEMS = Counter(
    "recstack_recommended_items_total", "Items of computed lists by what brought them there", ["source"]
)
LIST_DIVERSITY = Histogram(
    "recstack_list_diversity",
    "Share of a computed list's pairs whose categories differ (lists of two items or more)",
    buckets=SHARE_BUCKETS,
)
LIST_POPULARITY = Histogram(
    "recstack_list_popularity",
    "Mean popularity of a computed list's items, as their percentile in the catalogue, 0 to 1",
    buckets=SHARE_BUCKETS,
)
NEW_ITEMS = Gauge(
    "recstack_new_items",
    "Items newer than a release that lists have never shown, or hardly",
    ["shown"],
    multiprocess_mode="livemostrecent",
)
SHOWN_COVERAGE = Gauge(
    "recstack_shown_items_coverage",
    "Share of the available items that stand in the last hour's computed lists (the newest 20,000 of them)",
    multiprocess_mode="livemostrecent",
)
LISTS_DROPPED = Counter("recstack_lists_dropped_total", "Computed lists that were not kept because the queue was full")

RULED_ITEMS = Counter(
    "recstack_ruled_items_total", "Items of computed lists that a rule lifted, lowered or pinned, by action", ["action"]
)
RULES = Gauge("recstack_rules", "Rules that hold or will hold", multiprocess_mode="livemostrecent")
HIDDEN_ITEMS = Counter(
    "recstack_hidden_items_total", "Calls that hide an item or show it again, by outcome", ["outcome"]
)

# --- events and what came of the lists

EVENTS = Counter("recstack_events_total", "Events received", ["type", "outcome"])
EVENT_TO_EFFECT = Histogram(
    "recstack_event_to_effect_seconds",
    "From receiving events to the moment from which the user's next list knows them, by call",
    buckets=LAG_BUCKETS,
)
ATTRIBUTED_EVENTS = Counter(
    "recstack_attributed_events_total", "Events on an item of the list that they name", ["algorithm", "type"]
)
ATTRIBUTED_REVENUE = Counter(
    "recstack_attributed_revenue_total", "Prices of items bought from the list that the purchase names", ["algorithm"]
)
UNATTRIBUTED_EVENTS = Counter(
    "recstack_unattributed_events_total", "Events that name a list and could not be attributed, by why", ["reason"]
)

# --- guests

SESSIONS = Counter("recstack_sessions_total", "Guests' sessions by what became of them", ["outcome"])
SESSION_EVENTS = Counter("recstack_session_events_total", "Guests' events received", ["outcome"])

# --- people who asked to be forgotten

ERASURES = Counter("recstack_erasures_total", "Users erased")
ERASURES_WAITING = Gauge(
    "recstack_erasures_waiting",
    "Erasures that a store has still to follow: Redis when it is back, releases and MLflow at the next training",
    ["store"],
    multiprocess_mode="livemostrecent",
)
ERASURES_OLDEST = Gauge(
    "recstack_erasures_oldest_waiting_seconds",
    "How long the oldest of them has been waiting",
    ["store"],
    multiprocess_mode="livemostrecent",
)

# --- dependencies

DEGRADED = Counter("recstack_degraded_answers_total", "Answers given without a dependency", ["dependency"])
DEPENDENCY_UP = Gauge(
    "recstack_dependency_up", "1 while a dependency answers", ["dependency"], multiprocess_mode="livemin"
)
BREAKER_STATE = Gauge(
    "recstack_breaker_state", "0 closed, 1 trying, 2 open", ["dependency"], multiprocess_mode="livemax"
)
DEPENDENCY_ERRORS = Counter("recstack_dependency_errors_total", "Failed calls", ["dependency"])
POOL_CONNECTIONS = Gauge(
    "recstack_database_pool_connections",
    "Connections to PostgreSQL of all workers",
    ["state"],
    multiprocess_mode="livesum",
)
POOL_LIMIT = Gauge(
    "recstack_database_pool_limit",
    "The most connections to PostgreSQL that all workers may open",
    multiprocess_mode="livesum",
)
INDEXED_ITEMS = Counter(
    "recstack_indexed_items_total", "Items written to the search index, or not taken by it, by why", ["outcome"]
)
BACKGROUND_ERRORS = Counter("recstack_background_errors_total", "Failures of background tasks", ["task"])

# --- the live release

RELEASE_CREATED = Gauge(
    "recstack_release_created_timestamp_seconds",
    "When the live release was trained",
    multiprocess_mode="livemostrecent",
)
RELEASE_VERSION = Gauge(
    "recstack_release_version",
    "The live release's version as a number, YYYYMMDDhhmmss",
    multiprocess_mode="livemostrecent",
)
RELEASE_SWAPS = Counter("recstack_release_swaps_total", "Releases loaded, by outcome", ["outcome"])

# --- the trainer

TRAININGS = Counter("recstack_trainings_total", "Scheduled trainings by outcome", ["outcome"], registry=TRAINER)
TRAINING_SECONDS = Gauge("recstack_training_seconds", "How long the last training took", registry=TRAINER)
TRAINING_STEP_SECONDS = Gauge(
    "recstack_training_step_seconds", "The last published training's time by step", ["step"], registry=TRAINER
)
FIT_SECONDS = Gauge(
    "recstack_algorithm_fit_seconds", "The last published training's fit on everything", ["algorithm"], registry=TRAINER
)
TRAINING_PUBLISHED = Gauge(
    "recstack_training_published_timestamp_seconds", "When a training last published a release", registry=TRAINER
)
RELEASE_REFUSALS = Gauge(
    "recstack_release_refusals", "Trainings whose release was refused so far, by why", ["reason"], registry=TRAINER
)
DATA_CHECK = Gauge(
    "recstack_data_check",
    "What the newest training found of its data: counts, shares, drift",
    ["check"],
    registry=TRAINER,
)
DATA_CHECK_OUTCOME = Gauge(
    "recstack_data_check_outcome", "What came of it: 0 passed, 1 a warning, 2 refused", ["check"], registry=TRAINER
)
CLICK_THROUGH = Gauge(
    "recstack_release_click_through",
    "Clicks for each place in the hybrid's lists of the release that was live when the newest training began",
    ["figure"],
    registry=TRAINER,
)
TRAINING_INTERVAL = Gauge("recstack_training_interval_seconds", "How often the schedule trains", registry=TRAINER)
MODEL_QUALITY = Gauge(
    "recstack_model_quality",
    "Judged before the last release on the time split's test part, full catalogue",
    ["algorithm", "metric"],
    registry=TRAINER,
)
GROUP_QUALITY = Gauge(
    "recstack_group_quality",
    "The hybrid's NDCG@10 for users of a demographic group, where enough were judged",
    ["attribute", "group"],
    registry=TRAINER,
)
GROUP_QUALITY_RATIO = Gauge(
    "recstack_group_quality_ratio", "The same over the mean of all users", ["attribute", "group"], registry=TRAINER
)
GROUP_QUALITY_RATIO_UPPER = Gauge(
    "recstack_group_quality_ratio_upper",
    "Upper end of the ratio's 99 % interval: what lies below 1 here is no chance",
    ["attribute", "group"],
    registry=TRAINER,
)
JOB_LAST_SUCCESS = Gauge(
    "recstack_job_last_success_timestamp_seconds", "When a job last ended well", ["job"], registry=TRAINER
)
JOB_SECONDS = Gauge("recstack_job_seconds", "How long a job's last ended run took", ["job"], registry=TRAINER)
JOB_SUCCEEDED = Gauge("recstack_job_succeeded", "1 if a job's last ended run ended well", ["job"], registry=TRAINER)

for shared in (DEPENDENCY_ERRORS, BACKGROUND_ERRORS, INDEXED_ITEMS):
    TRAINER.register(shared)
INDEXED_ITEMS.labels("indexed")

LABELS: Mapping[str, Mapping[str, Values]] = {
    "recstack_requests": {
        "route": ROUTES,
        "method": frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "unknown"}),
        "status": STATUSES,
        "algorithm": ALGORITHMS | {""},
    },
    "recstack_request_seconds": {"route": ROUTES},
    "recstack_stage_seconds": {
        "stage": frozenset({"cache", "queue", "load", "candidates", "filters", "blend", "explain", "store"})
    },
    "recstack_cache": {"outcome": frozenset({"hit", "miss", "bypass", "unavailable"})},
    "recstack_cache_writes": {"outcome": frozenset({"stored", "too_large", "full", "invalidated", "missed"})},
    "recstack_recommendations": {"algorithm": ALGORITHMS, "cold_start": frozenset({"true", "false"})},
    "recstack_empty_answers": {"algorithm": ALGORITHMS},
    "recstack_fallback_answers": {
        "algorithm": ALGORITHMS,
        "reason": frozenset({"nothing_known", "nothing_personal", "too_few"}),
    },
    "recstack_recommended_items": {"source": ALGORITHMS | {"refill", "diversity", "exploration"}},
    "recstack_new_items": {"shown": frozenset({"never", "hardly"})},
    "recstack_ruled_items": {"action": frozenset({"boost", "bury", "pin"})},
    "recstack_hidden_items": {"outcome": frozenset({"hidden", "shown", "unchanged"})},
    "recstack_events": {
        "type": EVENT_TYPES | {"unknown"},
        "outcome": frozenset(
            {"stored", "duplicate", "not_found", "erased", "conflict", "invalid", "unavailable", "failed"}
        ),
    },
    "recstack_sessions": {"outcome": frozenset({"begun", "unavailable", "merged", "refused"})},
    "recstack_session_events": {
        "outcome": frozenset({"stored", "duplicate", "not_found", "conflict", "invalid", "unavailable", "failed"})
    },
    "recstack_attributed_events": {"algorithm": ALGORITHMS, "type": EVENT_TYPES},
    "recstack_attributed_revenue": {"algorithm": ALGORITHMS},
    "recstack_unattributed_events": {
        "reason": frozenset({"unknown_list", "other_user", "not_in_list", "queue_full", "unavailable"})
    },
    "recstack_erasures_waiting": {"store": ERASED_STORES},
    "recstack_erasures_oldest_waiting_seconds": {"store": ERASED_STORES},
    "recstack_degraded_answers": {"dependency": DEPENDENCIES},
    "recstack_dependency_up": {"dependency": DEPENDENCIES},
    "recstack_breaker_state": {"dependency": DEPENDENCIES},
    "recstack_dependency_errors": {"dependency": DEPENDENCIES},
    "recstack_database_pool_connections": {"state": frozenset({"in_use", "idle"})},
    "recstack_background_errors": {"task": TASKS},
    "recstack_indexed_items": {"outcome": frozenset({"indexed", "missed"})},
    "recstack_release_swaps": {"outcome": frozenset({"loaded", "refused"})},
    "recstack_trainings": {"outcome": frozenset({"published", "nothing_new", "busy", "refused", "failed"})},
    "recstack_release_refusals": {"reason": re.compile(r"[a-z_]{1,40}")},
    "recstack_data_check": {"check": CHECKS},
    "recstack_data_check_outcome": {"check": CHECKS},
    "recstack_release_click_through": {"figure": frozenset({"predicted", "observed", "low", "high"})},
    "recstack_training_step_seconds": {"step": re.compile(r"[a-z_]{1,40}")},
    "recstack_algorithm_fit_seconds": {"algorithm": ALGORITHMS},
    "recstack_model_quality": {
        "algorithm": ALGORITHMS | {"random", "recent_popular"},
        "metric": re.compile(r"[a-z_]{1,24}(_at_\d{1,3})?"),
    },
    "recstack_group_quality": {"attribute": ATTRIBUTES, "group": GROUPS},
    "recstack_group_quality_ratio": {"attribute": ATTRIBUTES, "group": GROUPS},
    "recstack_group_quality_ratio_upper": {"attribute": ATTRIBUTES, "group": GROUPS},
    "recstack_job_last_success_timestamp_seconds": {"job": JOBS},
    "recstack_job_seconds": {"job": JOBS},
    "recstack_job_succeeded": {"job": JOBS},
}


def failures_at_zero() -> None:
    """Show a zero for every failure that can be counted: of a counter that comes with its first failure Prometheus
    sees no growth.
    """
    for metric, values in ((DEPENDENCY_ERRORS, DEPENDENCIES), (DEGRADED, DEPENDENCIES), (BACKGROUND_ERRORS, TASKS)):
        for value in sorted(values):
            metric.labels(value)
