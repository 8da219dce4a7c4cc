"""What users do."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from pydantic import ValidationError
from pydantic_core import to_json

from recommendation_api.openapi import problems
from recommendation_api.problems import describe, invalid
from recommendation_api.recording import count
from recommendation_api.routes.dependencies import OpenStores, Recording
from recommendation_api.schemas.body import FromJson, JsonRoute
from recommendation_api.schemas.interactions import (
    BatchAnswer,
    InteractionAnswer,
    NewBatch,
    NewInteraction,
    RowResult,
)
from recsys.domain import Interaction
from recsys.errors import InvalidInput
from recsys.ports import Recorded

router = APIRouter(route_class=JsonRoute, tags=["Interactions"])


@router.post(
    "/interactions",
    summary="Record an event",
    status_code=HTTPStatus.CREATED,
    responses={
        HTTPStatus.OK: {"model": InteractionAnswer, "description": "The same event was recorded before"},
        **problems(404, 409, 410, 422, 503),
    },
)
async def record(
    event: Annotated[NewInteraction, FromJson(), Body()],
    stores: OpenStores,
    recording: Recording,
    response: Response,
) -> InteractionAnswer:
    """It is stored when this answers, and part of the user's very next list."""
    (result,) = await recording.record([event.to_interaction(stores.clock.now())])
    if isinstance(result, Exception):
        raise result
    if result.duplicate:
        response.status_code = HTTPStatus.OK
    return InteractionAnswer(event_id=result.event_id, duplicate=result.duplicate)


@router.post(
    "/interactions/batch",
    summary="Record many events",
    response_model_exclude_none=True,
    responses=problems(422, 503),
)
async def record_batch(
    batch: Annotated[NewBatch, FromJson(), Body()], stores: OpenStores, recording: Recording, request: Request
) -> BatchAnswer:
    """Up to 1,000 rows in one transaction, each with a result of its own: a row that is refused fails no other."""
    now = stores.clock.now()
    rows = [_read(row, now) for row in batch.interactions]
    events = [row for row in rows if isinstance(row, Interaction)]
    recorded = iter(await recording.record(events))
    outcomes = [next(recorded) if isinstance(row, Interaction) else row for row in rows]
    path = request.url.path
    return BatchAnswer(results=[_row_result(index, outcome, path) for index, outcome in enumerate(outcomes)])


def _read(row: Any, now: datetime) -> Interaction | InvalidInput:
    """As the single call reads its body: back to JSON first, because only JSON is read strictly."""
    try:
        return NewInteraction.model_validate_json(to_json(row, inf_nan_mode="constants")).to_interaction(now)
    except ValidationError as error:
        refused = invalid(error.errors(include_url=False, include_input=False))
    except InvalidInput as error:
        refused = error
    count(None, refused)
    return refused


def _row_result(index: int, outcome: Recorded | Exception, path: str) -> RowResult:
    if isinstance(outcome, Recorded):
        status = HTTPStatus.OK if outcome.duplicate else HTTPStatus.CREATED
        return RowResult(index=index, status=status, event_id=outcome.event_id)
    problem = describe(outcome, path)
    return RowResult(index=index, status=problem.status, error=problem)
