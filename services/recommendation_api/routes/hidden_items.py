"""Items that a user never wants to see again."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from recommendation_api.openapi import problems
from recommendation_api.routes.dependencies import Dropping, OpenStores, refuse_body
from recommendation_api.schemas.fields import TextualId
from recsys.telemetry import HIDDEN_ITEMS

ADDRESS = "/users/{user_id}/hidden_items/{item_id}"
HIDDEN, SHOWN, REPEATED = (HIDDEN_ITEMS.labels(outcome) for outcome in ("hidden", "shown", "unchanged"))

router = APIRouter(tags=["Users"], dependencies=[Depends(refuse_body)])

UserId = Annotated[TextualId, Path(description="The user's id")]
ItemId = Annotated[TextualId, Path(description="The item's id")]


@router.put(
    ADDRESS,
    summary="Don't show an item again",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems(404, 409, 410, 422, 503),
)
async def hide(user_id: UserId, item_id: ItemId, stores: OpenStores, invalidation: Dropping) -> None:
    """Stored before this is answered: no list for the user holds the item from the next one on, whatever is asked for.
    Hiding it again changes nothing.
    """
    changed = await stores.hidden_items.hide(user_id, item_id)
    await invalidation.drop([user_id])
    (HIDDEN if changed else REPEATED).inc()


@router.delete(
    ADDRESS,
    summary="Show an item again",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems(404, 410, 422, 503),
)
async def show(user_id: UserId, item_id: ItemId, stores: OpenStores, invalidation: Dropping) -> None:
    """The next list may hold it. Showing what is not hidden changes nothing."""
    changed = await stores.hidden_items.show(user_id, item_id)
    await invalidation.drop([user_id])
    (SHOWN if changed else REPEATED).inc()
