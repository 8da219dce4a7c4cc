"""Which items may stand in the list: masks over the whole catalogue, before anything is cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recommendation_api.schemas.recommendations import Filters
from recommendation_api.serving.catalogue_view import CatalogueView
from recommendation_api.serving.ids import locate
from recsys.errors import FieldError, InvalidInput

Mask = NDArray[np.bool_]
NO_FILTERS = Filters()


def available(view: CatalogueView, at: float) -> Mask:
    """(n,) items on offer at `at`, unix seconds."""
    return (view.available_from <= at) & (at < view.available_until)


def check_categories(view: CatalogueView, filters: Filters) -> None:
    """Raises `InvalidInput` naming each filter that speaks of a category that does not exist."""
    errors = [
        FieldError(f"filters.{field}", f"there is no category {name!r}")
        for field, names in (
            ("categories", filters.categories or ()),
            ("exclude_categories", filters.exclude_categories),
        )
        for name in names
        if name not in view.category_codes
    ]
    if errors:
        raise InvalidInput("a filter names an unknown category", fields=tuple(errors))


def narrow(mask: Mask, view: CatalogueView, filters: Filters) -> Mask:
    """`mask` less what the filters refuse; an item without a price passes no price filter. `mask` stays as it is."""
    mask = mask.copy()
    if filters.categories is not None:
        mask &= _in_categories(view, filters.categories)
    if filters.exclude_categories:
        mask &= ~_in_categories(view, filters.exclude_categories)
    if filters.min_price is not None:
        mask &= view.price >= filters.min_price
    if filters.max_price is not None:
        mask &= view.price <= filters.max_price
    if filters.exclude_item_ids:
        drop(mask, view, np.array(filters.exclude_item_ids, np.int64))
    return mask


def drop(mask: Mask, view: CatalogueView, item_ids: NDArray[np.int64]) -> None:
    """Take these items out of `mask`, in place; ids that are no items are ignored."""
    positions = locate(view.item_ids, item_ids)
    mask[positions[positions >= 0]] = False


def _in_categories(view: CatalogueView, names: Sequence[str]) -> Mask:
    wanted = np.zeros(len(view.category_names) + 1, np.bool_)
    wanted[[view.category_codes[name] for name in names if name in view.category_codes]] = True
    return wanted[view.category]
