"""`python -m recommendation_api`: one port, `API_WORKERS` processes."""

from __future__ import annotations

import sys

import uvicorn
from starlette.types import ASGIApp
from threadpoolctl import threadpool_limits

from recommendation_api.places import run_folder
from recsys import logs
from recsys.errors import InvalidInput
from recsys.settings import Settings
from recsys.stores import check_urls

KEEP_ALIVE_SECONDS = 30
SHUTDOWN_SECONDS = 10
BACKLOG = 2048
STARTUP_CHECK_SECONDS = 60


def application() -> ASGIApp:
    """What each worker runs."""
    from recommendation_api.app import create_app

    settings = Settings.load()
    logs.configure(settings)
    # A list costs a few small products; on a busy machine threads that wait for each other make them 20 times as long.
    threadpool_limits(1, "blas")
    return create_app(settings)


def main() -> None:
    settings = Settings.load()
    try:
        check_urls(settings)
    except InvalidInput as error:
        sys.stderr.write(f"{error.detail} Mend it in .env or the environment.\n")
        raise SystemExit(2) from None
    logs.configure(settings)
    if settings.api_workers > 1:
        from recommendation_api.metrics import share_metrics

        share_metrics(run_folder(settings) / "metrics")
    uvicorn.run(
        "recommendation_api.__main__:application",
        factory=True,
        host=settings.api_host,
        port=settings.api_port,
        workers=settings.api_workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        timeout_worker_healthcheck=STARTUP_CHECK_SECONDS,
    )


if __name__ == "__main__":
    main()
