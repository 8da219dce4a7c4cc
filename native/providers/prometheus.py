"""Prometheus where this machine has it: configuration and rules of the compose file, targets of this run."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from native.answers import http_ok
from native.configuration import Configuration
from native.places import ROOT, make_folder
from native.ports import LOOPBACK
from native.steps import Service

BINARY = "prometheus"
SOURCE = ROOT / "prometheus"
RETENTION = ("--storage.tsdb.retention.time=30d", "--storage.tsdb.retention.size=2GB")


def find_binary() -> str | None:
    return shutil.which(BINARY)


def targets(configuration: Configuration) -> dict[str, list[int]]:
    """Job to the ports on loopback that it asks; an exporter has no process here."""
    ports = {
        "recommendation-api": [configuration.api_port],
        "model-trainer": [configuration.trainer_metrics_port],
        "prometheus": [configuration.prometheus_port],
    }
    return {path.stem: ports.get(path.stem, []) for path in sorted((SOURCE / "targets").glob("*.yml"))}


def write_configuration(configuration: Configuration, folder: Path) -> None:
    """The configuration beside its own targets; rules are the repository's."""
    shutil.copy2(SOURCE / "prometheus.yml", make_folder(folder))
    key = configuration.api_key.get_secret_value() if configuration.api_key else ""
    _write_secret(folder / "api_key", key)
    rules = folder / "rules"
    rules.unlink(missing_ok=True)
    rules.symlink_to(SOURCE / "rules")
    for job, ports in targets(configuration).items():
        addresses = [f"{LOOPBACK}:{port}" for port in ports]
        content = json.dumps([{"targets": addresses}] if addresses else [])
        (make_folder(folder / "targets") / f"{job}.yml").write_text(content + "\n", "utf-8")


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def service(configuration: Configuration, binary: str, needs: tuple[str, ...]) -> Service:
    port, folder = configuration.prometheus_port, configuration.state_dir / "prometheus"
    return Service(
        "prometheus",
        (
            binary,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={LOOPBACK}:{port}",
            *RETENTION,
        ),
        lambda: http_ok(port, "/-/ready"),
        needs,
        prepare=lambda: write_configuration(configuration, folder),
        folder=ROOT,
        port=port,
        port_variable="PROMETHEUS_PORT",
        address=f"http://{LOOPBACK}:{port}",
    )
