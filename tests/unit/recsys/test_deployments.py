"""Where a rollback leads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from recsys.deployments import release_before
from recsys.domain import Deployment

ALL = "12345"


def newest_first(*changes: str) -> list[Deployment]:
    """`1` was published, `+1` promoted, `-1` rolled back to."""
    actions = {"+": "promote", "-": "rollback"}
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        Deployment(change[-1], actions.get(change[0], "publish"), start + timedelta(hours=hour), "test")
        for hour, change in enumerate(changes)
    ][::-1]


@pytest.mark.parametrize(
    ("changes", "live", "known", "expected"),
    [
        ([], "1", ALL, None),
        (["1"], "1", ALL, None),
        (["1", "2"], "2", ALL, "1"),
        (["1", "2", "3", "-2"], "2", ALL, "1"),
        (["1", "2", "3", "-2", "-1"], "1", ALL, None),
        (["1", "2", "3", "+1"], "1", ALL, "3"),
        (["1", "2", "3", "+1", "-3"], "3", ALL, "2"),
        (["1", "2", "-1", "3"], "3", ALL, "1"),
        (["1", "2", "3"], "3", "13", "1"),
        (["1", "2", "3"], "3", "3", None),
        (["1", "2"], "3", ALL, "2"),
        (["1", "+2", "+1", "+2"], "2", "2", None),
    ],
)
def test_a_rollback_leads_to_what_was_live_before_and_is_kept(
    changes: list[str], live: str, known: str, expected: str | None
) -> None:
    """The last but one: the alias was moved, and nobody has recorded it yet."""
    assert release_before(live, newest_first(*changes), set(known)) == expected
