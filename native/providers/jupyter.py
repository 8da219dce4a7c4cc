"""JupyterLab over `notebooks/`; what it keeps for itself lies in the state folder."""

from __future__ import annotations

import os

from native.answers import http_ok
from native.configuration import Configuration
from native.places import ROOT, make_folder
from native.ports import LOOPBACK
from native.steps import PYTHON, Service


def service(configuration: Configuration, needs: tuple[str, ...]) -> Service:
    port = configuration.jupyter_port
    home = configuration.state_dir / "jupyter"
    token = configuration.jupyter_token.get_secret_value()
    notebooks = ROOT / "notebooks"
    flags = [
        "--no-browser",
        f"--ServerApp.ip={LOOPBACK}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={notebooks}",
        *(["--allow-root"] if os.geteuid() == 0 else []),
    ]
    return Service(
        "jupyter",
        (*PYTHON, "jupyterlab", *flags),
        lambda: http_ok(port, "/api"),
        needs,
        prepare=lambda: [make_folder(folder) for folder in (home, notebooks)],
        environment={
            **configuration.environment(),
            "JUPYTER_TOKEN": token,
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "IPYTHONDIR": str(home / "ipython"),
        },
        folder=ROOT,
        port=port,
        port_variable="JUPYTER_PORT",
        address=f"http://127.0.0.1:{port}/lab?token={token}",
    )
