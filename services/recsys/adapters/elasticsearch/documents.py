"""What an item is in Elasticsearch: its texts in English, what is filtered by, and its vector."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from recsys.content_index import Entry

ALL, PLAIN, TITLE, LABELS, DESCRIPTION = "all", "plain", "title", "labels", "description"
ITEM_ID, CATEGORY = "item_id", "category"
AVAILABLE_FROM, AVAILABLE_UNTIL = "available_from", "available_until"
"""Microseconds since 1970: what Elasticsearch calls a date knows no more than milliseconds."""
VECTOR = "vector_"

SETTINGS: Mapping[str, Any] = {
    "number_of_shards": 1,
    "auto_expand_replicas": "0-1",
    "refresh_interval": "-1",
}
"""Of an index that is being filled."""
REFRESHED: Mapping[str, Any] = {"refresh_interval": "1s"}


def vector_field(release: str) -> str:
    """Each release has directions of its own: a vector that was made by another one's is no field of the index."""
    return VECTOR + re.sub(r"\W", "_", release)


def mapping(release: str | None, dimensions: int) -> dict[str, Any]:
    english = {"type": "text", "analyzer": "english"}
    unstemmed = {PLAIN: {"type": "text", "analyzer": "standard"}}
    properties: dict[str, Any] = {
        ITEM_ID: {"type": "long"},
        TITLE: {**english, "copy_to": ALL, "fields": unstemmed},
        LABELS: {**english, "copy_to": ALL},
        DESCRIPTION: {**english, "copy_to": ALL},
        ALL: {**english, "fields": unstemmed},
        CATEGORY: {"type": "keyword"},
        AVAILABLE_FROM: {"type": "long"},
        AVAILABLE_UNTIL: {"type": "long"},
    }
    if release and dimensions:
        properties[vector_field(release)] = {"type": "dense_vector", "dims": dimensions, "similarity": "cosine"}
    return {"dynamic": False, "properties": properties}


def document(entry: Entry, release: str | None) -> dict[str, Any]:
    item = entry.item
    found = {
        ITEM_ID: item.item_id,
        TITLE: item.title,
        LABELS: " ".join(part for part in (*item.tags, item.brand, item.category) if part),
        DESCRIPTION: item.description,
        CATEGORY: item.category,
        AVAILABLE_FROM: item.available_from and microseconds(item.available_from),
        AVAILABLE_UNTIL: item.available_until and microseconds(item.available_until),
    }
    if release and entry.vector is not None:
        found[vector_field(release)] = list(entry.vector)
    return found


def microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
