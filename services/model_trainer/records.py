"""What PostgreSQL knows of releases: which were published, and which of them went live."""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from model_trainer.database import connect, reaching_postgres
from model_trainer.decision import Decision
from model_trainer.lineage import Step
from recsys.deployments import REMEMBERED
from recsys.domain import Deployment
from recsys.manifest import Manifest


def record_release(database_url: str, manifest: Manifest, digest: str, mlflow_version: int, decision: Decision) -> None:
    """Add the release and why it was accepted, both or neither. Raises `Unavailable`."""
    metrics = {name.value: dict(entry.metrics) for name, entry in manifest.algorithms.items()}
    with reaching_postgres(), connect(database_url) as connection:
        connection.execute(
            "INSERT INTO releases (version, created_at, manifest_sha256, mlflow_version, metrics)"
            " VALUES (%s, %s, %s, %s, %s)",
            (manifest.version, manifest.created_at, digest, mlflow_version, Jsonb(metrics)),
        )
        _add_decision(connection, decision, manifest.version)


def record_refusal(database_url: str, decision: Decision) -> None:
    """Raises `Unavailable`."""
    with reaching_postgres(), connect(database_url) as connection:
        _add_decision(connection, decision, None)


def _add_decision(connection: Connection, decision: Decision, version: str | None) -> None:
    connection.execute(
        "INSERT INTO release_decisions (decided_at, version, champion, outcome, reasons, figures)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (
            *(decision.decided_at, version, decision.champion, decision.outcome),
            *(Jsonb(decision.reasons), Jsonb(dict(decision.figures))),
        ),
    )


def refusals_by_reason(connection: Connection) -> dict[str, int]:
    """How many releases were refused so far."""
    rows = connection.execute(
        "SELECT each ->> 'reason', count(*) FROM release_decisions, jsonb_array_elements(reasons) each GROUP BY 1"
    )
    return dict(rows.fetchall())


def newest_figures(connection: Connection) -> dict[str, Any]:
    """What the last decision rests on; empty before the first."""
    row = connection.execute("SELECT figures FROM release_decisions ORDER BY decision_id DESC LIMIT 1").fetchone()
    return dict(row[0]) if row else {}


def accepted_steps(database_url: str) -> dict[str, Step]:
    """How each of the last accepted releases stood to what was live, by version."""
    query = (
        "SELECT version, champion, (figures -> 'ndcg_10_less_champion' ->> 'estimate')::float8 FROM release_decisions"
        " WHERE outcome = 'accepted' ORDER BY decision_id DESC LIMIT %s"
    )
    with reaching_postgres(), connect(database_url) as connection:
        return {version: Step(*rest) for version, *rest in connection.execute(query, (REMEMBERED,)).fetchall()}


def published_versions(database_url: str) -> list[str]:
    """Every version that was published, newest first; their folders may be gone."""
    with reaching_postgres(), connect(database_url) as connection:
        rows = connection.execute("SELECT version FROM releases ORDER BY created_at DESC, version DESC").fetchall()
    return [version for (version,) in rows]


def newest_deployments(database_url: str) -> list[Deployment]:
    """What was live when, newest first; as many as a rollback looks at."""
    query = "SELECT version, action, live_from, reason FROM deployments ORDER BY deployment_id DESC LIMIT %s"
    with reaching_postgres(), connect(database_url) as connection:
        return [Deployment(*row) for row in connection.execute(query, (REMEMBERED,)).fetchall()]


def count_events(database_url: str) -> int:
    with reaching_postgres(), connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM interactions").fetchone()
    return int(row[0]) if row else 0
