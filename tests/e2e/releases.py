"""What the API tells of releases."""

from __future__ import annotations

from typing import Any

import httpx

PROMISED_SECONDS = 10
"""Until every worker serves what was promoted."""
RECORDED_SECONDS = 5
"""More, until a training's release is told as live."""


def releases(api: httpx.Client) -> dict[str, Any]:
    answer = api.get("/releases")
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def live(api: httpx.Client) -> str:
    return str(next(each["version"] for each in releases(api)["releases"] if each["is_live"]))
