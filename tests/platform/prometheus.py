"""A real Prometheus with the product's own configuration, only quicker, and what it is asked."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from native import processes
from native.answers import http_ok
from native.places import ROOT
from native.ports import LOOPBACK, free_port
from tests.platform.waiting import wait_until

SOURCE = ROOT / "prometheus"
INTERVAL = "1s"
TIMEOUT_SECONDS = 30.0

Sample = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prometheus:
    url: str

    def ask(self, path: str, **parameters: str) -> Any:
        """The `data` of an answer of the HTTP API; fails with Prometheus' own words."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=TIMEOUT_SECONDS)
        body = answer.json()
        assert body["status"] == "success", f"{parameters}: {body.get('error')}"
        return body["data"]

    def query(self, expr: str) -> list[Sample]:
        """`{metric, value: [time, text]}` of each series, as of now."""
        samples: list[Sample] = self.ask("query", query=expr)["result"]
        return samples

    def figures(self, expr: str) -> list[float]:
        """What can be drawn of `expr`: a division of nothing by nothing cannot."""
        values = (float(sample["value"][1]) for sample in self.query(expr))
        return [value for value in values if value == value]  # noqa: PLR0124  # not a NaN

    def jobs_up(self) -> set[str]:
        return {sample["metric"]["job"] for sample in self.query("up == 1")}


@contextmanager
def running_prometheus(folder: Path, targets: Mapping[str, str]) -> Iterator[Prometheus]:
    """Scrapes `targets`, job → host:port, by the product's configuration with `INTERVAL` for every interval."""
    port = free_port()
    write_configuration(folder, {**targets, "prometheus": f"{LOOPBACK}:{port}"})
    command = [
        *(shutil.which("prometheus") or "prometheus", f"--config.file={folder / 'prometheus.yml'}"),
        *(f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={LOOPBACK}:{port}"),
    ]
    log = folder / "prometheus.log"
    with log.open("wb") as output:
        process = processes.start(command, output=output, folder=folder)
    try:
        wait_until(lambda: http_ok(port, "/-/ready"), process, log)
        yield Prometheus(f"http://{LOOPBACK}:{port}")
    finally:
        processes.stop(process)


def write_configuration(folder: Path, targets: Mapping[str, str]) -> None:
    """A copy of the product's files in `folder`, with these targets."""
    shutil.copytree(SOURCE, folder, dirs_exist_ok=True)
    for file in (folder / "prometheus.yml", *(folder / "rules").glob("*.yml")):
        text = re.sub(
            r"(?m)^(\s*-?\s*(?:scrape_|evaluation_|refresh_)?interval:).*$", rf"\1 {INTERVAL}", file.read_text()
        )
        file.write_text(re.sub(r"(?m)^(\s*scrape_timeout:).*$", rf"\1 {INTERVAL}", text))
    for file in (folder / "targets").glob("*.yml"):
        file.unlink()
    for job, address in targets.items():
        (folder / "targets" / f"{job}.yml").write_text(yaml.safe_dump([{"targets": [address]}]))
