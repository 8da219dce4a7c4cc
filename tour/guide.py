"""Calls, promises and their count."""

from __future__ import annotations

import os
import re
import time
from typing import Any

import httpx
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding

LIST = 10
UNKNOWN = 2**62
ID = re.compile(r"/([0-9]+|[\w-]{30,})(?=/|$)")


class Missing(Exception):
    """An answer that the rest of a stop builds on did not come."""


class Tour:
    """Calls the API, keeps the time of each call and whether each promise held."""

    def __init__(self, url: str, console: Console) -> None:
        key = os.environ.get("RECSTACK_API_KEY")
        headers = {"Content-Type": "application/json", **({"X-API-Key": key} if key else {})}
        self.client = httpx.Client(base_url=url, timeout=15, headers=headers)
        self.console = console
        self.seconds: dict[str, list[float]] = {}
        self.broken: list[str] = []
        self.kept = 0

    def send(self, method: str, path: str, **how: Any) -> httpx.Response:
        began = time.perf_counter()
        response = self.client.request(method, path, **how)
        took = time.perf_counter() - began
        name = f"{method} {ID.sub('/{id}', path)}"
        if response.is_success and path == "/recommendations":
            name += ", from the cache" if response.json().get("cached") else ", computed"
        if response.is_success:
            self.seconds.setdefault(name, []).append(took)
        return response

    def ask(self, method: str, path: str, *, status: int = 200, **how: Any) -> Any:
        """The JSON of an answer with `status`. Raises `Missing` for any other."""
        response = self.send(method, path, **how)
        if response.status_code != status:
            raise Missing(f"{method} {path} answered {response.status_code}, not {status}: {response.text[:200]}")
        return response.json()

    def recommend(self, user_id: int, **body: Any) -> Any:
        return self.ask("POST", "/recommendations", json={"user_id": user_id, "num_recommendations": LIST, **body})

    def act(self, user_id: int, item_id: int, kind: str, **more: Any) -> Any:
        body = {"user_id": user_id, "item_id": item_id, "type": kind, **more}
        return self.ask("POST", "/interactions", status=201, json=body)

    def promise(self, words: str, held: bool, expected: str = "") -> None:
        """Print whether it holds; where it does not, what was expected."""
        self.kept += held
        if not held:
            self.broken.append(words)
        line = f"[green]✓[/] {words}" if held else f"[bold red]✗ expected: {words}[/] [red]{escape(expected)}[/]"
        self.console.print(Padding(line, (0, 0, 0, 2)))

    def show(self, *parts: RenderableType) -> None:
        self.console.print(Padding(Group(*parts), (1, 2)))
