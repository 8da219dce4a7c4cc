"""Infrastructure: the services, what they depend on, and what those have left."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.common import StackingMode
from grafana_foundation_sdk.models.units import (
    BytesIEC,
    CountsPerSecond,
    NoUnit,
    OpsPerSecond,
    PercentUnit,
    Seconds,
    Short,
)

from grafana.alerts import INFRASTRUCTURE
from grafana.colours import BAD, CALM, FAINT, FAIR, GOOD
from grafana.layout import Panels, Section, dashboard
from grafana.panels import Caption, bars, chart, figure, states
from grafana.queries import Query, rate

UP_OR_DOWN = {1: ("up", GOOD), 0: ("down", BAD)}
FULL = ((0.7, FAIR), (0.9, BAD))
DATABASE = 'datname!~"template.*|postgres|"'
HITS = "redis_keyspace_hits_total"
MISSES = "redis_keyspace_misses_total"


def infrastructure() -> Dashboard:
    about = "Processes, dependencies and breakers; PostgreSQL, Redis, Prometheus and the jobs that run once."
    sections = [
        Section("", [*_well(), *_filling()]),
        Section("Services and dependencies", [*_states(), *_processes()]),
        Section("PostgreSQL", [*_connections(), *_storage()]),
        Section("Redis", [*_cache(), *_keys()]),
        Section("Prometheus", _prometheus()),
        Section("Jobs", _jobs()),
        Section("Erasures", _erasures()),
    ]
    return dashboard(INFRASTRUCTURE, "Infrastructure", about, sections)


def _well() -> Panels:
    return [
        figure(
            Caption(1, "Targets down", "Scrape targets that do not answer Prometheus.", NoUnit),
            Query("count(up) - sum(up)", "Down"),
            first=GOOD,
            steps=((1, BAD),),
            bold=True,
        ),
        figure(
            Caption(
                2,
                "Dependencies down",
                "As the API sees them: PostgreSQL, Redis, MLflow, and what else an address is set for.",
                NoUnit,
            ),
            Query("count(recstack_dependency_up) - sum(recstack_dependency_up)", "Down"),
            first=GOOD,
            steps=((1, BAD),),
            bold=True,
        ),
        figure(
            Caption(6, "Alerts firing", "Of all alerts that Prometheus knows.", NoUnit),
            Query('count(ALERTS{alertstate="firing"}) or vector(0)', "Firing"),
            first=GOOD,
            steps=((1, BAD),),
            bold=True,
        ),
    ]


def _filling() -> Panels:
    pool = 'sum(recstack_database_pool_connections{state="in_use"}) / sum(recstack_database_pool_limit)'
    memory = "max(redis_memory_used_bytes) / (max(redis_memory_max_bytes) > 0)"
    connections = "sum(pg_stat_activity_count) / max(pg_settings_max_connections)"
    return [
        figure(
            Caption(
                3, "Database pool in use", "The API's connections at work over those that it may open.", PercentUnit
            ),
            Query(pool, "In use"),
            first=GOOD,
            steps=FULL,
        ),
        figure(
            Caption(4, "Connections in use", "Open connections over max_connections, of all clients.", PercentUnit),
            Query(connections, "Connections"),
            first=GOOD,
            steps=FULL,
        ),
        figure(
            Caption(
                5,
                "Redis' memory",
                "Used over maxmemory. When full, Redis drops what was not used for longest.",
                PercentUnit,
            ),
            Query(memory, "Memory"),
            first=GOOD,
            steps=((0.8, FAIR), (0.95, BAD)),
        ),
    ]


def _states() -> Panels:
    breakers = {0: ("closed", GOOD), 1: ("trying", FAIR), 2: ("open", BAD)}
    return [
        states(
            Caption(11, "Targets", "Whether each service answered Prometheus."),
            Query("min by (job) (up)", "{{job}}"),
            words=UP_OR_DOWN,
            width=8,
        ),
        states(
            Caption(12, "Dependencies", "Whether each answered the API; of several workers, the worst."),
            Query("min by (dependency) (recstack_dependency_up)", "{{dependency}}"),
            words=UP_OR_DOWN,
            width=8,
        ),
        states(
            Caption(
                13,
                "Circuit breakers",
                "open: calls fail at once, the API answers without. trying: one call is let through.",
            ),
            Query("max by (dependency) (recstack_breaker_state)", "{{dependency}}"),
            words=breakers,
            width=8,
        ),
    ]


def _processes() -> Panels:
    return [
        chart(
            Caption(
                14,
                "Failed calls to dependencies",
                "Calls that failed or came too late, by dependency.",
                CountsPerSecond,
            ),
            Query(rate("recstack_dependency_errors_total", by="dependency"), "{{dependency}}"),
            width=8,
        ),
        chart(
            Caption(
                15,
                "Memory by service",
                "Resident memory of processes that tell it; of several in one job, the sum.",
                BytesIEC,
            ),
            Query("sum by (job) (process_resident_memory_bytes)", "{{job}}"),
            width=8,
        ),
        chart(
            Caption(16, "Processors by service", "Seconds of processor time for each second; 1 is one core.", Short),
            Query(rate("process_cpu_seconds_total", by="job"), "{{job}}"),
            width=8,
        ),
    ]


def _connections() -> Panels:
    return [
        chart(
            Caption(21, "The API's pool", "Connections of all workers, at work and idle, under the limit.", Short),
            Query("sum by (state) (recstack_database_pool_connections)", "{{state}}"),
            Query("sum(recstack_database_pool_limit)", "limit"),
            colours={"in_use": CALM, "idle": FAINT, "limit": BAD},
            width=8,
        ),
        chart(
            Caption(
                22,
                "Connections by state",
                "What clients' sessions do. Many idle in transaction hold locks for nothing.",
                Short,
            ),
            Query("sum by (state) (pg_stat_activity_count) > 0", "{{state}}"),
            stacked=StackingMode.NORMAL,
            width=8,
        ),
        chart(
            Caption(23, "Transactions", "Committed and rolled back, in all databases.", OpsPerSecond),
            Query(rate("pg_stat_database_xact_commit", DATABASE), "committed"),
            Query(rate("pg_stat_database_xact_rollback", DATABASE), "rolled back"),
            colours={"committed": GOOD, "rolled back": BAD},
            width=8,
        ),
    ]


def _storage() -> Panels:
    hit, read = rate("pg_stat_database_blks_hit", DATABASE), rate("pg_stat_database_blks_read", DATABASE)
    return [
        chart(
            Caption(
                24,
                "Blocks found in memory",
                "Share of blocks read that shared_buffers had. Below 95 % for long: give PostgreSQL more memory.",
                PercentUnit,
            ),
            Query(f"{hit} / ({hit} + {read})", "in memory"),
            colours={"in memory": GOOD},
            top=1,
            width=8,
        ),
        chart(
            Caption(25, "Rows written", "Inserted, updated and deleted, in all databases.", CountsPerSecond),
            *(
                Query(rate(f"pg_stat_database_tup_{name}", DATABASE), name)
                for name in ("inserted", "updated", "deleted")
            ),
            width=8,
        ),
        chart(
            Caption(26, "Size of databases", "On disk, indexes included.", BytesIEC),
            Query(f"pg_database_size_bytes{{{DATABASE}}}", "{{datname}}"),
            stacked=StackingMode.NORMAL,
            width=8,
        ),
    ]


def _cache() -> Panels:
    return [
        chart(
            Caption(31, "Memory", "Used, and the limit from which on Redis drops keys.", BytesIEC),
            Query("max(redis_memory_used_bytes)", "used"),
            Query("max(redis_memory_max_bytes)", "limit"),
            colours={"used": CALM, "limit": BAD},
            width=8,
        ),
        chart(
            Caption(32, "Commands", "Commands that Redis answered, by name.", OpsPerSecond),
            Query(f"topk(8, {rate('redis_commands_total', by='cmd')})", "{{cmd}}"),
            width=8,
        ),
        chart(
            Caption(
                33, "Keys found", "Share of key reads that found something: Redis' own view of the cache.", PercentUnit
            ),
            Query(f"{rate(HITS)} / ({rate(HITS)} + {rate(MISSES)})", "found"),
            colours={"found": GOOD},
            top=1,
            width=8,
        ),
    ]


def _keys() -> Panels:
    return [
        chart(
            Caption(34, "Keys", "Keys by database; each of ours ends by itself after a while.", Short),
            Query("sum by (db) (redis_db_keys) > 0", "{{db}}"),
            width=8,
        ),
        chart(
            Caption(
                35, "Keys that went", "expired: their time was over. evicted: Redis needed the memory.", CountsPerSecond
            ),
            Query(rate("redis_expired_keys_total"), "expired"),
            Query(rate("redis_evicted_keys_total"), "evicted"),
            colours={"expired": CALM, "evicted": BAD},
            width=8,
        ),
        chart(
            Caption(36, "Clients", "Open connections to Redis.", Short),
            Query("max(redis_connected_clients)", "clients"),
            colours={"clients": CALM},
            width=8,
        ),
    ]


def _prometheus() -> Panels:
    return [
        chart(
            Caption(41, "Time of a scrape", "How long each service takes to tell its metrics.", Seconds),
            Query("max by (job) (scrape_duration_seconds)", "{{job}}"),
            width=8,
        ),
        chart(
            Caption(
                42,
                "Series by service",
                "Samples of each scrape. A steady climb means a label that takes too many values.",
                Short,
            ),
            Query("sum by (job) (scrape_samples_post_metric_relabeling)", "{{job}}"),
            stacked=StackingMode.NORMAL,
            width=8,
        ),
        chart(
            Caption(
                43,
                "Rules that failed",
                "Evaluations of recording rules and alerts that failed: what they say is then old.",
                CountsPerSecond,
            ),
            Query(rate("prometheus_rule_evaluation_failures_total"), "failed"),
            colours={"failed": BAD},
            width=8,
        ),
    ]


def _jobs() -> Panels:
    return [
        bars(
            Caption(
                51,
                "Since a job last ended well",
                "Migrations and seeding run once; the trainer runs on its schedule.",
                Seconds,
            ),
            Query(
                "sort(time() - max by (exported_job) (recstack_job_last_success_timestamp_seconds))",
                "{{exported_job}}",
            ),
            width=12,
            height=6,
        ),
        bars(
            Caption(52, "Time of a job's last run", "Whether it ended well or not.", Seconds),
            Query("sort_desc(max by (exported_job) (recstack_job_seconds))", "{{exported_job}}"),
            width=12,
            height=6,
        ),
    ]


def _erasures() -> Panels:
    return [
        chart(
            Caption(61, "Users erased", "Who asked to be forgotten, in an hour.", Short),
            Query("sum(increase(recstack_erasures_total[1h]))", "erased"),
            colours={"erased": CALM},
            width=8,
        ),
        chart(
            Caption(
                62,
                "Oldest erasure that waits",
                "By the store that has still to follow: Redis in minutes, releases and MLflow at the next training.",
                Seconds,
            ),
            Query("max by (store) (recstack_erasures_oldest_waiting_seconds)", "{{store}}"),
            width=8,
        ),
        chart(
            Caption(63, "Erasures that wait", "By the store that has still to follow.", Short),
            Query("max by (store) (recstack_erasures_waiting)", "{{store}}"),
            width=8,
        ),
    ]
