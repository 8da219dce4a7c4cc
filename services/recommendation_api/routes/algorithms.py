"""What can be asked for."""

from __future__ import annotations

from fastapi import APIRouter

from recommendation_api.routes.dependencies import LiveServing
from recommendation_api.schemas.lists import AlgorithmAnswer, AlgorithmsAnswer

router = APIRouter(tags=["Recommendations"])


@router.get("/algorithms", summary="The algorithms of the live release")
async def algorithms(serving: LiveServing) -> AlgorithmsAnswer:
    """With their settings and their quality as measured; empty before the first release."""
    release = serving.release
    return AlgorithmsAnswer(
        release=release.version if release else None,
        algorithms=[
            AlgorithmAnswer(name=each.name, metrics=each.metrics, settings=each.settings)
            for each in serving.algorithms()
        ],
    )
