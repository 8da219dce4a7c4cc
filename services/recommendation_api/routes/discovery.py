"""Lists for nobody in particular: what is popular, what a search finds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from recommendation_api.catalogue import CatalogueMirror
from recommendation_api.openapi import problems
from recommendation_api.routes.dependencies import LiveServing, Mirror, OpenStores
from recommendation_api.schemas.fields import CategoryName, TextualCount
from recommendation_api.schemas.lists import ListedItem, PopularAnswer, SearchAnswer
from recsys.errors import FieldError, InvalidInput

router = APIRouter(tags=["Discovery"])

Category = Annotated[CategoryName | None, Query(description="Only items of this category")]
HowMany = Annotated[TextualCount, Query(description="How many")]
Words = Annotated[
    str,
    Query(description="All words must occur; -word must not"),
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


@router.get("/search", summary="Find items by their words", responses=problems(422, 503))
async def search(
    stores: OpenStores, catalogue: Mirror, q: Words, category: Category = None, num_items: HowMany = 10
) -> SearchAnswer:
    """Full text over title, description, tags, brand and category; available items, best match first."""
    if category is not None and category not in catalogue.view.category_codes:
        message = "there is no such category"
        raise InvalidInput(f"category: {message}", fields=(FieldError("category", message),))
    result = await stores.catalog.search(q, category=category, limit=num_items)
    await _cover(catalogue, [item_id for item_id, _ in result.hits])
    return SearchAnswer(
        query=q,
        category=category,
        items=[item for item_id, score in result.hits if (item := _listed(catalogue, item_id, score))],
        facets=dict(result.facets),
    )


async def _cover(catalogue: CatalogueMirror, item_ids: list[int]) -> None:
    """Another worker may have written an item a moment ago."""
    if any(catalogue.view.position(item_id) is None for item_id in item_ids):
        await catalogue.refresh()


def _listed(catalogue: CatalogueMirror, item_id: int, score: float) -> ListedItem | None:
    view = catalogue.view
    position = view.position(item_id)
    if position is None:
        return None
    return ListedItem(item_id=item_id, title=view.titles[position], category=view.category_of(position), score=score)
