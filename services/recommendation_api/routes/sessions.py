"""Guests: what they do before they sign up, and lists for them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Path, Response

from recommendation_api.openapi import problems
from recommendation_api.routes.dependencies import GuestRecording, LiveServing, OpenSettings, OpenStores
from recommendation_api.schemas.body import FromJson, JsonRoute
from recommendation_api.schemas.fields import SessionId
from recommendation_api.schemas.interactions import InteractionAnswer
from recommendation_api.schemas.sessions import (
    NewSession,
    SessionAnswer,
    SessionInteraction,
    SessionRecommendationAnswer,
    SessionRecommendationRequest,
)

router = APIRouter(route_class=JsonRoute, tags=["Sessions"])

NOTHING = NewSession()


@router.post(
    "/sessions", summary="Begin a guest's session", status_code=HTTPStatus.CREATED, responses=problems(422, 503)
)
async def begin(
    guests: GuestRecording,
    settings: OpenSettings,
    response: Response,
    body: Annotated[NewSession, FromJson(), Body()] = NOTHING,
) -> SessionAnswer:
    """Its id cannot be guessed, and whoever knows it is the guest. It ends when it has not been used for a while, and
    when it is merged into an account by `session_id` in `POST /users` or `PATCH /users/{user_id}`.
    """
    del body
    session_id = await guests.begin()
    response.headers["Location"] = f"/sessions/{session_id}/interactions"
    return SessionAnswer(session_id=session_id, expires_in_seconds=settings.session_ttl_seconds)


@router.post(
    "/sessions/{session_id}/interactions",
    summary="Record a guest's event",
    status_code=HTTPStatus.CREATED,
    responses={
        HTTPStatus.OK: {"model": InteractionAnswer, "description": "The same event was recorded before"},
        **problems(404, 409, 422, 503),
    },
)
async def record(
    session_id: Annotated[SessionId, Path(description="The session's id")],
    event: Annotated[SessionInteraction, FromJson(), Body()],
    stores: OpenStores,
    guests: GuestRecording,
    response: Response,
) -> InteractionAnswer:
    """It is stored when this answers, and part of the session's very next list. 409 for an event id with other
    content, for a session that is full (500 events), and while one is being merged into an account.
    """
    recorded = await guests.record(session_id, event.to_interaction(stores.clock.now()))
    if recorded.duplicate:
        response.status_code = HTTPStatus.OK
    return InteractionAnswer(event_id=recorded.event_id, duplicate=recorded.duplicate)


@router.post(
    "/sessions/recommendations",
    summary="Recommend items to a guest",
    response_model=SessionRecommendationAnswer,
    response_class=Response,
    responses=problems(404, 422, 503),
)
async def recommend(
    body: Annotated[SessionRecommendationRequest, FromJson(), Body()], serving: LiveServing
) -> Response:
    """By what was done in a session, or by `item_ids` alone, which are then left out. Exactly as many as asked for
    while enough items are eligible. While sessions cannot be read the list is the one for strangers, and `degraded`
    says so. Guests' lists are not kept: their `recommendation_id` names the answer, nothing more.
    """
    return Response(await serving.recommend_to_guest(body), media_type="application/json")
