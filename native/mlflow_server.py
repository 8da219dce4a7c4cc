"""`mlflow server` in one process: its own command imports everything twice, in a parent and in a child.

Reads MLFLOW_BACKEND_STORE_URI, MLFLOW_ARTIFACTS_DESTINATION and MLFLOW_PORT, as `mlflow server` does.
"""

from __future__ import annotations

import os

import mlflow.server
import uvicorn
from mlflow.server.handlers import initialize_backend_stores

from native.ports import LOOPBACK

ARTIFACT_ROOT = "mlflow-artifacts:/"


def main() -> None:
    store = os.environ["MLFLOW_BACKEND_STORE_URI"]
    os.environ |= {
        mlflow.server.BACKEND_STORE_URI_ENV_VAR: store,
        mlflow.server.REGISTRY_STORE_URI_ENV_VAR: store,
        mlflow.server.ARTIFACT_ROOT_ENV_VAR: ARTIFACT_ROOT,
        mlflow.server.SERVE_ARTIFACTS_ENV_VAR: "true",
        mlflow.server.ARTIFACTS_DESTINATION_ENV_VAR: os.environ["MLFLOW_ARTIFACTS_DESTINATION"],
    }
    initialize_backend_stores(store, store, ARTIFACT_ROOT)
    uvicorn.run(
        "mlflow.server.fastapi_app:app", host=LOOPBACK, port=int(os.environ["MLFLOW_PORT"]), log_level="warning"
    )


if __name__ == "__main__":
    main()
