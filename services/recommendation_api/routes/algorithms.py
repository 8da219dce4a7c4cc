"""What can be asked for."""

from __future__ import annotations

from fastapi import APIRouter

from recommendation_api.routes.dependencies import LiveServing
from recommendation_api.schemas.lists import AlgorithmAnswer, AlgorithmsAnswer

QUALITY = "ndcg@10"
DIGITS = 6

router = APIRouter(tags=["Recommendations"])


@router.get("/algorithms", summary="The algorithms of the live release")
async def algorithms(serving: LiveServing) -> AlgorithmsAnswer:
    """With their settings and their quality as measured, the best first; empty before the first release."""
    release = serving.release
    best_first = sorted(serving.algorithms(), key=lambda each: each.metrics.get(QUALITY, 0.0), reverse=True)
    return AlgorithmsAnswer(
        release=release.version if release else None,
        algorithms=[
            AlgorithmAnswer(
                name=each.name,
                metrics={name: round(value, DIGITS) for name, value in each.metrics.items()},
                settings=each.settings,
            )
            for each in best_first
        ],
    )
