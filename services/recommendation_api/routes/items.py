"""The catalogue."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Path, Query, Request, Response

from recommendation_api.observe import ALGORITHM
from recommendation_api.openapi import problems
from recommendation_api.routes.dependencies import Finding, Indexed, LiveServing, Mirror, OpenStores
from recommendation_api.schemas.body import FromJson, JsonRoute
from recommendation_api.schemas.fields import TextualCount, TextualId
from recommendation_api.schemas.items import ItemAnswer, NewItem
from recommendation_api.schemas.lists import AudienceAnswer, AudienceUser, ListedItem, SimilarItemsAnswer
from recsys.domain import Algorithm, Item
from recsys.errors import FieldError, NotFound
from recsys.stores import Stores

router = APIRouter(route_class=JsonRoute, tags=["Items"])

ItemId = Annotated[TextualId, Path(description="The item's id")]
Similarity = Literal[Algorithm.CONTENT_BASED, Algorithm.ITEM_BASED, Algorithm.ALS, Algorithm.HYBRID]


@router.get("/items/{item_id}", summary="An item", responses=problems(404, 422, 503))
async def read_item(item_id: ItemId, stores: OpenStores) -> ItemAnswer:
    return ItemAnswer.of(await _item(stores, item_id))


@router.put(
    "/items/{item_id}",
    summary="Create or replace an item",
    responses={
        HTTPStatus.CREATED: {"model": ItemAnswer, "description": "The item is new"},
        **problems(422, 503),
    },
)
async def write_item(
    *,
    item_id: ItemId,
    body: Annotated[NewItem, FromJson(), Body()],
    stores: OpenStores,
    catalogue: Mirror,
    contents: Indexed,
    response: Response,
) -> ItemAnswer:
    """The whole item: what is left out is absent afterwards. It is served and found, or no longer, at once."""
    if await stores.catalog.put(body.to_item(item_id)):
        response.status_code = HTTPStatus.CREATED
    await catalogue.announce()
    item = await _item(stores, item_id)
    await contents.put(item)
    return ItemAnswer.of(item)


@router.get("/items/{item_id}/similar", summary="Items like this one", responses=problems(404, 422, 503))
async def similar_items(
    *,
    item_id: ItemId,
    request: Request,
    stores: OpenStores,
    catalogue: Mirror,
    serving: LiveServing,
    finder: Finding,
    num_similar: Annotated[TextualCount, Query(description="How many")] = 5,
    algorithm: Annotated[Similarity, Query(description="What counts as alike")] = Algorithm.CONTENT_BASED,
) -> SimilarItemsAnswer:
    """Available items, nearest first. `content_based` compares texts, by vector and by their most telling words."""
    request.scope[ALGORITHM] = algorithm.value
    if catalogue.view.position(item_id) is None:
        await _item(stores, item_id)
        await catalogue.refresh()
    found = await finder.similar(item_id, algorithm, num_similar)
    release = serving.release
    return SimilarItemsAnswer(
        item_id=item_id,
        algorithm=algorithm,
        release=release.version if release else None,
        similar=[ListedItem(item_id=i.item_id, title=i.title, category=i.category, score=i.score) for i in found.items],
        degraded=list(found.degraded),
    )


@router.get("/items/{item_id}/audience", summary="Whom to show an item to", responses=problems(404, 422, 503))
async def audience(
    item_id: ItemId,
    stores: OpenStores,
    catalogue: Mirror,
    serving: LiveServing,
    num_users: Annotated[TextualCount, Query(description="How many")] = 10,
) -> AudienceAnswer:
    """Users of the live release who like what is like it, first of all for an item that nobody knows yet; those who
    have seen or hidden it are left out.
    """
    if catalogue.view.position(item_id) is None:
        await _item(stores, item_id)
        await catalogue.refresh()
    found = await serving.audience(item_id, num_users)
    release = serving.release
    return AudienceAnswer(
        item_id=item_id,
        release=release.version if release else None,
        users=[AudienceUser(user_id=each.user_id, score=each.score, reason=each.reason) for each in found],
    )


async def _item(stores: Stores, item_id: int) -> Item:
    item = await stores.catalog.get(item_id)
    if item is None:
        message = f"there is no item {item_id}"
        raise NotFound(message, fields=(FieldError("item_id", message),))
    return item
