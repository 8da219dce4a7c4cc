"""Every error as RFC 9457 `application/problem+json`, whoever raised it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from recsys.errors import FieldError, InvalidInput, NotReady, RecstackError, Unavailable

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 100
MAX_SUMMED_UP = 3
RETRY_NOT_READY_SECONDS = 5
MAX_FIELD_LENGTH = 200
_MESSAGES = {"extra_forbidden": "This field is not known here", "missing": "This field is needed"}
_DETAILS = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address; /docs lists what there is.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something unexpected happened; the X-Request-ID header finds it in the log.",
}


class FieldProblem(BaseModel):
    """One field of the input that was refused, and why."""

    field: str = Field(examples=["num_recommendations"])
    message: str = Field(examples=["Input should be greater than or equal to 1"])


class Problem(BaseModel):
    """RFC 9457."""

    type: str = Field(examples=["urn:recstack:problem:invalid-input"])
    title: str = Field(examples=["Invalid input"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["num_recommendations: Input should be greater than or equal to 1"])
    instance: str = Field(examples=["/recommendations"])
    errors: list[FieldProblem] | None = None
    """The fields that were refused, for input."""


class ProblemResponse(Response):
    media_type = MEDIA_TYPE

    def render(self, content: Problem) -> bytes:
        return content.model_dump_json(exclude_none=True).encode()


def problem_response(error: Exception, path: str) -> ProblemResponse:
    """The answer to a request on `path` that ended in `error`, of any class."""
    problem = describe(error, path)
    return ProblemResponse(problem, problem.status, headers=_headers(error))


def describe(error: Exception, path: str) -> Problem:
    """`detail` and `errors` repeat no value that the caller sent, and say nothing of an unexpected error."""
    if isinstance(error, ValidationError | RequestValidationError):
        error = invalid(error.errors())
    if isinstance(error, RecstackError) and type(error).status != HTTPStatus.INTERNAL_SERVER_ERROR:
        return Problem(
            type=f"urn:recstack:problem:{error.title.lower().replace(' ', '-')}",
            title=error.title,
            status=error.status,
            detail=error.detail,
            instance=path,
            errors=[FieldProblem(field=each.field, message=each.message) for each in error.fields[:MAX_ERRORS]] or None,
        )
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    return Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=_http_detail(error, status),
        instance=path,
    )


def invalid(errors: Sequence[Mapping[str, Any]]) -> InvalidInput:
    """Pydantic's errors as one of ours."""
    fields = tuple(FieldError(_field(each), _MESSAGES.get(each["type"], each["msg"])) for each in errors)
    named = [f"{each.field}: {each.message}" for each in fields[:MAX_SUMMED_UP]]
    more = len(fields) - len(named)
    return InvalidInput("; ".join(named) + (f"; and {more} more" if more else ""), fields=fields)


def install(app: FastAPI) -> None:
    """Render whatever FastAPI and its routes raise; unexpected errors too, which then go on to be reported."""
    for kind in (RecstackError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    return problem_response(error, request.url.path)


def _field(error: Mapping[str, Any]) -> str:
    """`filters.min_price`, `liked_item_ids.3`, or `body` where the whole of it is off."""
    steps = [str(step) for step in error["loc"]]
    if steps and steps[0] in {"body", "query", "path", "header"}:
        steps = steps[1:]
    named = error.get("ctx", {}).get("field")
    return ".".join([*steps, named] if named else steps)[:MAX_FIELD_LENGTH] or "body"


def _http_detail(error: Exception, status: int) -> str:
    if not isinstance(error, HTTPException):
        return _DETAILS[HTTPStatus.INTERNAL_SERVER_ERROR]
    allowed = (error.headers or {}).get("Allow")
    if status == HTTPStatus.METHOD_NOT_ALLOWED and allowed:
        return f"This address answers {allowed}."
    said = str(error.detail)
    return said if said != HTTPStatus(status).phrase else _DETAILS.get(HTTPStatus(status), said)


def _headers(error: Exception) -> Mapping[str, str] | None:
    if isinstance(error, HTTPException):
        return error.headers
    if isinstance(error, Unavailable):
        return {"Retry-After": str(error.retry_after)}
    return {"Retry-After": str(RETRY_NOT_READY_SECONDS)} if isinstance(error, NotReady) else None
