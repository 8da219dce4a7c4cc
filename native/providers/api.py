"""The recommendation API."""

from __future__ import annotations

from collections.abc import Mapping

from native.answers import http_ok
from native.configuration import Configuration
from native.places import ROOT
from native.steps import PYTHON, Service

STOP_LIMIT = 30.0


def service(configuration: Configuration, needs: tuple[str, ...], watched: Mapping[str, str]) -> Service:
    """`watched` are further addresses that it tells Prometheus about, by their variables."""
    port = configuration.api_port
    return Service(
        "api",
        (*PYTHON, "recommendation_api"),
        lambda: http_ok(port, "/ready"),
        needs,
        environment={**configuration.environment(), **watched, "API_PORT": str(port)},
        folder=ROOT,
        stop_limit=STOP_LIMIT,
        port=port,
        port_variable="API_PORT",
        address=f"http://127.0.0.1:{port}/docs",
    )
