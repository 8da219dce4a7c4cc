"""Every metric of the platform, declared once: names, labels and buckets live here and nowhere else.

No label takes an unbounded value: never an id, a query or a path with an id in it.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

LATENCY_BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

REQUESTS = Counter("recstack_requests_total", "Requests by route, method and status", ["route", "method", "status"])
REQUEST_SECONDS = Histogram("recstack_request_seconds", "Time to answer, by route", ["route"], buckets=LATENCY_BUCKETS)
RECOMMENDATIONS = Counter("recstack_recommendations_total", "Lists answered", ["algorithm", "cold_start"])
STAGE_SECONDS = Histogram(
    "recstack_stage_seconds", "Time by stage of a computed list", ["stage"], buckets=LATENCY_BUCKETS
)
CACHE = Counter("recstack_cache_total", "Cache reads by outcome", ["outcome"])
CACHE_WRITES = Counter(
    "recstack_cache_writes_total", "Lists stored, users' lists dropped, by what happened", ["outcome"]
)
EVENTS = Counter("recstack_events_total", "Events received", ["type", "outcome"])
DEGRADED = Counter("recstack_degraded_answers_total", "Answers given without a dependency", ["dependency"])
DEPENDENCY_UP = Gauge(
    "recstack_dependency_up", "1 while a dependency answers", ["dependency"], multiprocess_mode="livemin"
)
BREAKER_STATE = Gauge(
    "recstack_breaker_state", "0 closed, 1 trying, 2 open", ["dependency"], multiprocess_mode="livemax"
)
DEPENDENCY_ERRORS = Counter("recstack_dependency_errors_total", "Failed calls", ["dependency"])
RELEASE_CREATED = Gauge(
    "recstack_release_created_timestamp_seconds",
    "When the live release was trained",
    multiprocess_mode="livemostrecent",
)
RELEASE_SWAPS = Counter("recstack_release_swaps_total", "Releases loaded, by outcome", ["outcome"])
LISTS_DROPPED = Counter("recstack_lists_dropped_total", "Computed lists that were not kept because the queue was full")
BACKGROUND_ERRORS = Counter("recstack_background_errors_total", "Failures of background tasks", ["task"])
TRAININGS = Counter("recstack_trainings_total", "Scheduled trainings by outcome", ["outcome"])
TRAINING_SECONDS = Gauge("recstack_training_seconds", "How long the last scheduled training took")
TRAINING_PUBLISHED = Gauge(
    "recstack_training_published_timestamp_seconds", "When a scheduled training last published a release"
)
