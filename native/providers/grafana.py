"""Grafana where this machine has it, with the compose file's own data source and dashboards."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from native.answers import http_ok
from native.configuration import Configuration
from native.places import ROOT, make_folder
from native.ports import LOOPBACK
from native.steps import Service

SOURCE = ROOT / "grafana"
HOMES = (Path("/usr/share/grafana"), Path("/opt/homebrew/share/grafana"), Path("/usr/local/share/grafana"))
"""Where packages put the pages that the server hands out; GF_PATHS_HOME names another place."""


def find_command() -> tuple[str, ...] | None:
    """`grafana server` or, before Grafana 9.4, `grafana-server`; None without one or its home."""
    home = next(
        (path for path in (Path(os.environ.get("GF_PATHS_HOME", "")), *HOMES) if (path / "conf").is_dir()), None
    )
    if home is None:
        return None
    if binary := shutil.which("grafana"):
        return (binary, "server", f"--homepath={home}")
    binary = shutil.which("grafana-server")
    return (binary, f"--homepath={home}") if binary else None


def service(configuration: Configuration, command: tuple[str, ...], needs: tuple[str, ...]) -> Service:
    port, folder = configuration.grafana_port, configuration.state_dir / "grafana"
    dashboards = SOURCE / "dashboards"
    return Service(
        "grafana",
        command,
        lambda: http_ok(port, "/api/health"),
        needs,
        prepare=lambda: make_folder(folder),
        environment={
            "GF_SERVER_HTTP_ADDR": LOOPBACK,
            "GF_SERVER_HTTP_PORT": str(port),
            "GF_SECURITY_ADMIN_USER": configuration.grafana_user,
            "GF_SECURITY_ADMIN_PASSWORD": configuration.grafana_password.get_secret_value(),
            "GF_AUTH_ANONYMOUS_ENABLED": "false",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
            "GF_PLUGINS_PREINSTALL_DISABLED": "true",
            "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(dashboards / "home.json"),
            "GF_PATHS_PROVISIONING": str(SOURCE / "provisioning"),
            "GF_PATHS_DATA": str(folder),
            "GF_PATHS_LOGS": str(folder / "logs"),
            "GF_PATHS_PLUGINS": str(folder / "plugins"),
            "GF_LOG_MODE": "console",
            "RECSTACK_PROMETHEUS_URL": f"http://{LOOPBACK}:{configuration.prometheus_port}",
            "RECSTACK_DASHBOARDS": str(dashboards),
        },
        folder=ROOT,
        port=port,
        port_variable="GRAFANA_PORT",
        address=f"http://{LOOPBACK}:{port}",
    )
