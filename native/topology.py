"""Which steps a native run has, and who waits for whom."""

from __future__ import annotations

from native.configuration import Configuration
from native.providers import api, database, jobs, jupyter, mlflow, redis
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
    parts.append(jobs.train(configuration, ("seed",), _those_of(parts, "mlflow")))
    parts.append(api.service(configuration, ("train", *_those_of(parts, "redis"))))
    if with_jupyter:
        parts.append(jupyter.service(configuration, ("migrate",)))
    parts.append(jobs.schedule(configuration, ("api",)))
    return parts


def services(parts: list[Step]) -> list[Service]:
    return [step for step in parts if isinstance(step, Service)]


def _those_of(parts: list[Step], *names: str) -> tuple[str, ...]:
    return tuple(step.name for step in parts if step.name in names)
