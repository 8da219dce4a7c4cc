"""Is it there?"""

from __future__ import annotations

import httpx
from rich.columns import Columns
from rich.panel import Panel

from tour.guide import Tour


def health(tour: Tour, _user_id: int) -> None:
    """Is it there, and what does it serve?"""
    state = tour.ask("GET", "/health")
    lights = {"ok": "green", "degraded": "yellow", "down": "red"}
    dots = [f"[{lights.get(mood, 'red')}]●[/] {name} {mood}" for name, mood in state["dependencies"].items()]
    tour.show(Panel(Columns(dots, expand=True), title=f"release [bold]{state['release']}[/]", border_style="cyan"))
    tour.promise("everything that it depends on answers", state["status"] == "ok", f"status ok, not {state['status']}")
    ready = tour.send("GET", "/ready")
    tour.promise("a trained release serves", ready.status_code == httpx.codes.OK, "200 from /ready")
