"""What a person may ask of their data: all of it, and its end."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import StreamingResponse

from recommendation_api.export import export
from recommendation_api.openapi import problems
from recommendation_api.routes.dependencies import Erasing, OpenStores
from recommendation_api.schemas.fields import TextualId
from recommendation_api.schemas.privacy import ErasureReceipt, ExportAnswer
from recsys.errors import FieldError, NotFound

router = APIRouter(tags=["Privacy"])

UserId = Annotated[TextualId, Path(description="The user's id")]


@router.get(
    "/users/{user_id}/export",
    summary="All that is kept of a user",
    response_class=StreamingResponse,
    responses={200: {"model": ExportAnswer, "content": {"application/json": {}}}, **problems(404, 410, 422, 503)},
)
async def export_user(user_id: UserId, stores: OpenStores) -> StreamingResponse:
    """Complete, and in the shapes that `POST /users` and `POST /interactions/batch` take; it is written while it is
    read, and breaks off where it cannot be completed.
    """
    return StreamingResponse(await export(stores, user_id), media_type="application/json")


@router.delete("/users/{user_id}", summary="Erase a user", responses=problems(404, 410, 422, 503))
async def erase_user(user_id: UserId, eraser: Erasing) -> ErasureReceipt:
    """Everything of the user's goes; from now on the id answers 410 everywhere, and nothing that comes late brings the
    user back. The receipt says what was erased where; what is `pending` in it is done without another call. Where
    PostgreSQL is away nothing is erased.
    """
    return ErasureReceipt.of(await eraser.erase(user_id))


@router.get("/erasures/{receipt_id}", summary="How far an erasure is", responses=problems(404, 422, 503))
async def erasure(
    receipt_id: Annotated[UUID, Path(description="As the erasure was answered")], stores: OpenStores
) -> ErasureReceipt:
    """The receipt, as it stands now. It names nobody."""
    found = await stores.erasures.find(str(receipt_id))
    if found is None:
        message = "there is no such receipt"
        raise NotFound(message, fields=(FieldError("receipt_id", message),))
    return ErasureReceipt.of(found)
