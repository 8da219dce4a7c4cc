"""MLflow's tracking server and registry: rows in PostgreSQL, artifacts through it in the state folder."""

from __future__ import annotations

from native.answers import http_ok
from native.configuration import Configuration
from native.places import ROOT, make_folder
from native.ports import LOOPBACK
from native.steps import PYTHON, Service

DATABASE = "mlflow"
START_LIMIT = 240.0


def backend_store(configuration: Configuration) -> str:
    """Our PostgreSQL's database `mlflow`; beside a PostgreSQL of the user's own a file, to add no database there."""
    if configuration.has_own_database:
        return f"sqlite:///{configuration.state_dir / 'mlflow' / 'mlflow.db'}"
    base = configuration.database_url.rpartition("/")[0].replace("postgresql:", "postgresql+psycopg:")
    return f"{base}/{DATABASE}"


def service(configuration: Configuration, needs: tuple[str, ...]) -> Service:
    port = configuration.mlflow_port
    artifacts = configuration.state_dir / "mlflow" / "artifacts"
    return Service(
        "mlflow",
        (*PYTHON, "native.mlflow_server"),
        lambda: http_ok(port, "/health"),
        needs,
        prepare=lambda: make_folder(artifacts),
        environment={
            **configuration.environment(),
            "MLFLOW_BACKEND_STORE_URI": backend_store(configuration),
            "MLFLOW_ARTIFACTS_DESTINATION": str(artifacts),
            "MLFLOW_PORT": str(port),
            "MLFLOW_SERVER_ALLOWED_HOSTS": f"{LOOPBACK}:{port},localhost:{port}",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        },
        folder=ROOT,
        start_limit=START_LIMIT,
        port=port,
        port_variable="MLFLOW_PORT",
        address=f"http://127.0.0.1:{port}",
    )
