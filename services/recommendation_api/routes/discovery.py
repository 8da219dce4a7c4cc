"""Lists for nobody in particular: what is popular, what a search finds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from recommendation_api.openapi import problems
from recommendation_api.routes.dependencies import Finding, LiveServing, Mirror
from recommendation_api.schemas.fields import CategoryName, TextualCount, TextualId
from recommendation_api.schemas.lists import ListedItem, PopularAnswer, SearchAnswer
from recsys.errors import FieldError, InvalidInput

router = APIRouter(tags=["Discovery"])

Category = Annotated[CategoryName | None, Query(description="Only items of this category")]
ForWhom = Annotated[TextualId | None, Query(description="Whose taste has a say in the order")]
HowMany = Annotated[TextualCount, Query(description="How many")]
Words = Annotated[
    str,
    Query(
        description='All words must occur, -word must not, "two words" side by side, `or` between alternatives. '
        "Where nothing holds them as they stand, words may be wrong by a letter or two"
    ),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
]


@router.get("/popular", summary="What is popular", responses=problems(422, 503))
async def popular(serving: LiveServing, category: Category = None, num_items: HowMany = 10) -> PopularAnswer:
    """Available items by popularity and quality."""
    found = await serving.popular(category, num_items)
    release = serving.release
    return PopularAnswer(
        category=category,
        release=release.version if release else None,
        items=[ListedItem(item_id=i.item_id, title=i.title, category=i.category, score=i.score) for i in found],
    )


@router.get("/search", summary="Find items by their words", responses=problems(404, 410, 422, 503))
async def search(
    *,
    finder: Finding,
    catalogue: Mirror,
    q: Words,
    category: Category = None,
    user_id: ForWhom = None,
    num_items: HowMany = 10,
) -> SearchAnswer:
    """Full text over title, description, tags, brand and category; available items, best match first. With `user_id`
    the taste of that user has a say in the order, and what the user hides is left out.
    """
    if category is not None and category not in catalogue.view.category_codes:
        message = "there is no such category"
        raise InvalidInput(f"category: {message}", fields=(FieldError("category", message),))
    found = await finder.search(q, category, user_id, num_items)
    return SearchAnswer(
        query=q,
        category=category,
        user_id=user_id,
        items=[ListedItem(item_id=i.item_id, title=i.title, category=i.category, score=i.score) for i in found.items],
        facets=dict(found.facets),
        degraded=list(found.degraded),
    )
