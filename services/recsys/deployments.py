"""Which release a rollback goes to, read from what was live when."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from recsys.domain import Deployment

REMEMBERED = 1000
"""Deployments that are looked at, the newest ones."""


def release_before(live: str, newest_first: Iterable[Deployment], known: Collection[str]) -> str | None:
    """The last release of `known` that was live before `live`; None where there is none.

    A release that was rolled back is not come back to: after 1, 2, 3 the first rollback leads to 2, the next one to 1.
    """
    past: list[str] = []
    for deployment in reversed(list(newest_first)):
        if deployment.action == "rollback" and deployment.version in past:
            del past[len(past) - past[::-1].index(deployment.version) :]
        elif past[-1:] != [deployment.version]:
            past.append(deployment.version)
    if past[-1:] == [live]:
        past.pop()
    return next((version for version in reversed(past) if version != live and version in known), None)
