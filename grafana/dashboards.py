"""Writes grafana/dashboards/*.json: `python -m grafana.dashboards`; with `--check` says whether they are current."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.engagement import engagement
from grafana.home import home
from grafana.infrastructure import infrastructure
from grafana.quality import quality
from grafana.service import service

FOLDER = Path(__file__).resolve().parent / "dashboards"
BUILDERS = {
    "home": home,
    "service": service,
    "engagement": engagement,
    "quality": quality,
    "infrastructure": infrastructure,
}


def rendered() -> Mapping[str, str]:
    """File name → JSON as the code says it is now."""
    return {f"{name}.json": _text(build()) for name, build in BUILDERS.items()}


def _text(board: Dashboard) -> str:
    found = json.loads(json.dumps(board.build(), cls=JSONEncoder), object_hook=_in_sight)
    return json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _in_sight(part: dict[str, Any]) -> dict[str, Any]:
    """The SDK puts all links and marks into a menu: they belong on the dashboard."""
    return {name: value for name, value in part.items() if (name, value) != ("placement", "inControlsMenu")}


def stale(folder: Path = FOLDER) -> list[str]:
    """Files in `folder` that are missing, other than what the code builds, or of no dashboard."""
    wanted = rendered()
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))


def write(folder: Path = FOLDER) -> None:
    """Bring `folder` up to date; what is of no dashboard goes."""
    wanted = rendered()
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale(folder):
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        else:
            (folder / name).unlink()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m grafana.dashboards", description="Write grafana/dashboards/*.json."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a file is not what the code builds")
    if not parser.parse_args().check:
        write()
        return 0
    for name in stale():
        print(f"grafana/dashboards/{name} is not what the code builds: run python -m grafana.dashboards")
    return 1 if stale() else 0


if __name__ == "__main__":
    sys.exit(main())
