"""Elasticsearch where this machine has it: one node, plain HTTP on loopback, as in the compose file."""

from __future__ import annotations

import os
import shutil

from native.answers import http_ok
from native.configuration import Configuration
from native.places import ROOT, make_folder
from native.ports import LOOPBACK
from native.steps import Service

HEAP = "-Xms512m -Xmx512m"
HEALTH = "/_cluster/health?wait_for_status=yellow&timeout=1s"


def find_binary() -> str | None:
    """None also for root, as whom Elasticsearch refuses to run."""
    return None if os.geteuid() == 0 else shutil.which("elasticsearch")


def service(configuration: Configuration, binary: str) -> Service:
    port, folder = configuration.elasticsearch_port, configuration.state_dir / "elasticsearch"
    settings = {
        "discovery.type": "single-node",
        "xpack.security.enabled": "false",
        "http.host": LOOPBACK,
        "http.port": str(port),
        "transport.host": LOOPBACK,
        "path.data": str(folder / "data"),
        "path.logs": str(folder / "logs"),
    }
    return Service(
        "elasticsearch",
        (binary, *(f"-E{name}={value}" for name, value in settings.items())),
        lambda: http_ok(port, HEALTH),
        prepare=lambda: make_folder(folder),
        environment={"ES_JAVA_OPTS": HEAP},
        folder=ROOT,
        stop_limit=30.0,
        port=port,
        port_variable="ELASTICSEARCH_PORT",
        address=f"http://{LOOPBACK}:{port}",
    )
