"""What every refusal looks like."""

from __future__ import annotations

from typing import Any

import httpx


def assert_problem(response: httpx.Response, status: int, field: str | None = None) -> dict[str, Any]:
    """RFC 9457, with this status, and naming this field among its errors."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "instance"} <= problem.keys()
    assert problem["status"] == status
    assert problem["instance"] == response.request.url.path
    assert problem["title"]
    assert problem["detail"]
    if field is not None:
        assert field in [error["field"] for error in problem.get("errors", [])], problem
        assert all(error["message"] for error in problem["errors"])
    return problem
