"""The description of the API, and the page that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from recommendation_api.keys import HEADER
from recommendation_api.problems import MEDIA_TYPE, Problem

DESCRIPTION = """
Recommendations from models trained on what users did. An event changes the very next answer of its user.

Requests are strict: a field or parameter that is not described here, a number sent as text or a fraction sent for a
count is refused with 422. Every error is `application/problem+json` (RFC 9457); for input, `errors` names the fields.
Every answer carries `X-Request-ID`.
"""
TAGS = [
    {"name": "Recommendations", "description": "Lists for one user"},
    {"name": "Interactions", "description": "What users do"},
    {"name": "Users", "description": "Who they say they are, and what was learned of them"},
    {"name": "Privacy", "description": "All that is kept of a user, and its erasure"},
    {"name": "Sessions", "description": "Guests: their events and lists, until they sign up"},
    {"name": "Items", "description": "The catalogue, and items like another"},
    {"name": "Discovery", "description": "Popular items and full-text search"},
    {"name": "Rules", "description": "What is lifted, lowered, pinned or kept out of lists, and for how long (admin)"},
    {"name": "Releases", "description": "What was live when, and changing it (admin)"},
    {"name": "Operations", "description": "Health, readiness, metrics"},
]
ADMIN_ONLY: dict[str, Any] = {"security": [{"key": []}]}
"""For the documentation of a route that asks for the admin's key."""
_MEANINGS = {
    403: "The key is missing or wrong",
    404: "Unknown user, session, item, rule or release",
    410: "The user was erased",
    409: "The id is taken by other content, a release cannot be served, or a bound is reached",
    422: "Refused input; `errors` names each field",
    503: "No release serves yet, or a dependency is away; try again after `Retry-After` seconds",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problem responses of a route, for its documentation."""
    return {status: {"model": Problem, "description": _MEANINGS[status]} for status in statuses}


def describe_api(app: FastAPI) -> None:
    """Have `app.openapi()` tell what is answered: problems in their own media type, the key as a security scheme."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title, version=app.version, description=app.description, tags=TAGS, routes=app.routes
    )
    for operations in schema["paths"].values():
        for operation in operations.values():
            _restate(operation["responses"])
    components = schema["components"]
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    components["securitySchemes"] = {"key": {"type": "apiKey", "in": "header", "name": HEADER}}
    schema["security"] = [{}, {"key": []}]
    return schema


def _restate(responses: dict[str, Mapping[str, Any]]) -> None:
    for status, response in responses.items():
        if int(status) >= HTTPStatus.BAD_REQUEST:
            media = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
            responses[status] = {"description": response["description"], "content": media}
