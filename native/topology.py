"""Which steps a native run has, and who waits for whom."""

from __future__ import annotations

from native.configuration import Configuration
from native.providers import api, database, elasticsearch, grafana, jobs, jupyter, mlflow, prometheus, redis
from native.steps import Service, Step


def steps(configuration: Configuration, *, with_jupyter: bool) -> list[Step]:
    """In the order in which people think of them; a server of the user's own leaves its step out.

    MLflow and Jupyter start while the data is generated. Raises `CannotStart` where the machine lacks a part.
    """
    parts: list[Step] = []
    if not configuration.has_own_database:
        parts.append(database.service(configuration))
    if not configuration.has_own_redis:
        parts.append(redis.service(configuration))
    on_postgres = _those_of(parts, "postgres")
    parts.append(jobs.migrate(configuration, on_postgres))
    if not configuration.has_own_mlflow:
        parts.append(mlflow.service(configuration, on_postgres))
    parts.append(jobs.seed(configuration, ("migrate",)))
    found = _where_found(configuration)
    search = _watched(found)
    parts.append(jobs.train(configuration, ("seed",), _those_of(parts, "mlflow"), search))
    watched = _watched([*found, *([jupyter.service(configuration, ())] if with_jupyter else [])])
    parts.append(api.service(configuration, ("train", *_those_of(parts, "redis")), watched))
    if with_jupyter:
        parts.append(jupyter.service(configuration, ("migrate",)))
    parts.append(jobs.schedule(configuration, ("api",), search))
    if configuration.traffic_rate:
        parts.append(jobs.traffic(configuration, ("api",)))
    return parts + found


def _where_found(configuration: Configuration) -> list[Step]:
    """What has no wheel: started where this machine has it, nothing needs it."""
    parts: list[Step] = []
    if not configuration.has_own_elasticsearch and (found := elasticsearch.find_binary()):
        parts.append(elasticsearch.service(configuration, found))
    if found := prometheus.find_binary():
        parts.append(prometheus.service(configuration, found, ("api",)))
        if command := grafana.find_command():
            parts.append(grafana.service(configuration, command, ("prometheus",)))
    return parts


def _watched(parts: list[Step]) -> dict[str, str]:
    """What the API asks now and then whether it answers."""
    variables = {"jupyter": "RECSTACK_JUPYTER_URL", "elasticsearch": "RECSTACK_ELASTICSEARCH_URL"}
    return {variables[part.name]: f"http://127.0.0.1:{part.port}" for part in services(parts) if part.name in variables}


def services(parts: list[Step]) -> list[Service]:
    return [step for step in parts if isinstance(step, Service)]


def _those_of(parts: list[Step], *names: str) -> tuple[str, ...]:
    return tuple(step.name for step in parts if step.name in names)
