"""People: who they say they are, and what was learned of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from recommendation_api.catalogue_arrays import CatalogueArrays
from recommendation_api.openapi import problems
from recommendation_api.routes.dependencies import Dropping, Forgetting, GuestRecording, LiveServing, Mirror, OpenStores
from recommendation_api.schemas.body import FromJson, JsonRoute
from recommendation_api.schemas.fields import TextualCount, TextualId
from recommendation_api.schemas.users import (
    Demographics,
    NewUser,
    Preferences,
    ProfileAnswer,
    RecentInteraction,
    SimilarUser,
    SimilarUsersAnswer,
    TasteShare,
    UserAnswer,
    UserChange,
)
from recommendation_api.serving import Serving
from recsys.domain import Interaction, User
from recsys.errors import FieldError, NotFound, NotReady
from recsys.stores import Stores

RECENT = 10

router = APIRouter(route_class=JsonRoute, tags=["Users"])

UserId = Annotated[TextualId, Path(description="The user's id")]


@router.post("/users", summary="Sign a user up", status_code=HTTPStatus.CREATED, responses=problems(409, 410, 422, 503))
async def create_user(
    body: Annotated[NewUser, FromJson(), Body()],
    stores: OpenStores,
    invalidation: Dropping,
    forgotten: Forgetting,
    guests: GuestRecording,
    *,
    response: Response,
) -> UserAnswer:
    """The first list for the new user already follows what is said here. An `external_id` whose user was erased is
    refused with 410: nothing that comes late brings anybody back. With `session_id` the guest's events become the
    user's, once: 404 for a session that is gone, 409 for one that was merged into another account; nothing is stored
    then.
    """
    if body.external_id is not None:
        await forgotten.refuse_external(body.external_id)
    user = await guests.merge(body.session_id, partial(stores.users.create, body.to_user()))
    await invalidation.drop([user.user_id])
    response.headers["Location"] = f"/users/{user.user_id}/profile"
    return UserAnswer.of(user)


@router.patch("/users/{user_id}", summary="Change what a user said", responses=problems(404, 409, 410, 422, 503))
async def change_user(
    user_id: UserId,
    body: Annotated[UserChange, FromJson(), Body()],
    stores: OpenStores,
    invalidation: Dropping,
    guests: GuestRecording,
) -> UserAnswer:
    """Fields that are left out stay, null clears; the next list follows the change. `session_id` is as at sign-up; a
    session that is this user's already adds nothing twice.
    """
    changed = await guests.merge(body.session_id, partial(stores.users.change, user_id, body.applied_to))
    await invalidation.drop([user_id])
    return UserAnswer.of(changed)


@router.get("/users/{user_id}/profile", summary="What is known of a user", responses=problems(404, 410, 422, 503))
async def profile(user_id: UserId, stores: OpenStores, serving: LiveServing, catalogue: Mirror) -> ProfileAnswer:
    """Demographics and preferences as stated, taste as learned, counts and the latest events."""
    user = await _user(stores, user_id)
    events = (await stores.interactions.histories([user_id]))[user_id]
    counts = Counter(event.type.value for event in events)
    return ProfileAnswer(
        user_id=user_id,
        external_id=user.external_id,
        demographics=Demographics(
            age=user.age, gender=user.gender, country=user.country, signed_up_at=user.signed_up_at
        ),
        preferences=Preferences(categories=user.preferences),
        liked_item_ids=list(user.liked_item_ids),
        taste=await _taste(serving, user_id),
        counts={"total": len(events), **dict(counts.most_common())},
        recent_interactions=_recent(events, catalogue.view),
    )


@router.get("/users/{user_id}/similar", summary="Like-minded users", responses=problems(404, 410, 422, 503))
async def similar_users(
    user_id: UserId,
    stores: OpenStores,
    serving: LiveServing,
    num_users: Annotated[TextualCount, Query(description="How many")] = 10,
) -> SimilarUsersAnswer:
    """Users of the live release who like what this one likes; nobody for a user without events."""
    if not await stores.users.existing([user_id]):
        raise _unknown(user_id)
    found = await serving.similar_users(user_id, num_users)
    release = serving.release
    return SimilarUsersAnswer(
        user_id=user_id,
        release=release.version if release else None,
        users=[SimilarUser(user_id=other.user_id, score=other.score) for other in found],
    )


async def _user(stores: Stores, user_id: int) -> User:
    user = await stores.users.get(user_id)
    if user is None:
        raise _unknown(user_id)
    return user


def _unknown(user_id: int) -> NotFound:
    message = f"there is no user {user_id}"
    return NotFound(message, fields=(FieldError("user_id", message),))


async def _taste(serving: Serving, user_id: int) -> list[TasteShare]:
    try:
        shares = await serving.profile_taste(user_id)
    except NotReady:
        return []
    return [TasteShare(category=each.category, share=each.share) for each in shares]


def _recent(events: Sequence[Interaction], view: CatalogueArrays) -> list[RecentInteraction]:
    return [
        RecentInteraction(
            event_id=event.event_id,
            item_id=event.item_id,
            title=None if (position := view.position(event.item_id)) is None else view.titles[position],
            type=event.type,
            value=event.value,
            occurred_at=event.occurred_at,
        )
        for event in reversed(events[-RECENT:])
    ]
