"""Users who go on asking while something is changed under them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from itertools import count
from types import TracebackType
from typing import Self

import httpx


class Traffic(threading.Thread):
    """Asks until it is told to stop; remembers every status and which releases answered, in order."""

    def __init__(self, url: str, n_users: int) -> None:
        super().__init__(daemon=True)
        self._url, self._n_users = url, n_users
        self.done = threading.Event()
        self.statuses: Counter[int | str] = Counter()
        self.releases: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=10) as client:
            for number in count():
                if self.done.is_set():
                    return
                self._ask(client, 1 + number % self._n_users)
                time.sleep(0.01)

    def _ask(self, client: httpx.Client, user_id: int) -> None:
        try:
            response = client.post("/recommendations", json={"user_id": user_id, "num_recommendations": 5})
        except httpx.HTTPError as error:
            self.statuses[type(error).__name__] += 1
            return
        self.statuses[response.status_code] += 1
        if response.is_success and response.json()["release"] not in self.releases[-1:]:
            self.releases.append(response.json()["release"])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.done.set()
        self.join(30)
