"""Lists for one user. In the running service `HotPath` answers this address from the same models."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response

from recommendation_api.openapi import problems
from recommendation_api.routes.dependencies import LiveServing
from recommendation_api.schemas.body import FromJson, JsonRoute
from recommendation_api.schemas.recommendations import RecommendationAnswer, RecommendationRequest

router = APIRouter(route_class=JsonRoute, tags=["Recommendations"])


@router.post(
    "/recommendations",
    summary="Recommend items to a user",
    response_model=RecommendationAnswer,
    response_class=Response,
    responses=problems(422, 503),
)
async def recommend(body: Annotated[RecommendationRequest, FromJson(), Body()], serving: LiveServing) -> Response:
    """Exactly as many as asked for while enough items are eligible. An unknown user gets the cold-start answer."""
    return Response(await serving.recommend(body), media_type="application/json")
