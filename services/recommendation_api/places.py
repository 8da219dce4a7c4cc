"""Where the workers of one port keep what they share while they run."""

from __future__ import annotations

from pathlib import Path

from recsys.settings import Settings


def run_folder(settings: Settings) -> Path:
    """Made if it is not there."""
    folder = settings.state_dir / "run" / f"recommendation_api-{settings.api_port}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
