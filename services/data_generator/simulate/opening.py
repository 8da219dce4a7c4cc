"""Before the first visitor: is the API there, and is its shop the one whose truth we hold?"""

from __future__ import annotations

from http import HTTPStatus

import numpy as np

from data_generator.simulate.client import Away, Client, Refused
from data_generator.simulate.menu import Menu
from data_generator.truth import Truth
from recsys.errors import DataRefused

PROBED_ITEMS = 12
SAME_SHARE = 0.75
"""Items may have been replaced since; most have not."""


async def open_menu(client: Client) -> Menu:
    """Raises `DataRefused` with what to do, where there is nothing to ask for."""
    readiness = await client.readiness()
    if readiness is None:
        raise DataRefused(f"No API answers at {client.url}: start it with ./setup.sh, or name yours by --api.")
    if readiness != HTTPStatus.OK:
        raise DataRefused(f"The API at {client.url} is not ready ({readiness}): let a training publish first.")
    try:
        return Menu(await client.call("GET", "/algorithms"))
    except Refused as refused:
        if refused.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise DataRefused(f"The API at {client.url} needs a key: set RECSTACK_API_KEY to it.") from None
        raise DataRefused(f"The API at {client.url} does not tell its algorithms ({refused}).") from None
    except Away:
        raise DataRefused(f"The API at {client.url} does not answer in time: look at ./setup.sh status.") from None


async def check_truth(client: Client, truth: Truth, rng: np.random.Generator) -> None:
    """Raises `DataRefused` where the API's items are not those of the truth: their tastes would be made up."""
    n = len(truth.items)
    places = rng.choice(n, min(PROBED_ITEMS, n), replace=False).tolist()
    same = [await _category(client, place + 1) == truth.category_names[truth.items.category[place]] for place in places]
    if np.mean(same) < SAME_SHARE:
        raise DataRefused(
            f"The true tastes are those of another catalogue than the one behind {client.url}: "
            "imported data has none, and generated data needs the file of its own seed."
        )


async def _category(client: Client, item_id: int) -> str | None:
    try:
        category: str | None = (await client.call("GET", "/items/{id}", number=item_id))["category"]
    except Refused:
        return None
    except Away:
        raise DataRefused(f"The API at {client.url} does not answer in time: look at ./setup.sh status.") from None
    return category
