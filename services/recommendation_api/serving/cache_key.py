"""Equal questions have equal keys: everything that changes the answer is in it, in one canonical form."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from recommendation_api.schemas.recommendations import Filters, ListRequest, RecommendationRequest

EXCLUDED = "exclude_item_ids"
"""Up to ten thousand: a digest stands for them."""


def cache_key(version: str, request: RecommendationRequest, default_diversity: float) -> str:
    """The field of the user's hash: release, algorithm, count, and a digest of the rest where there is a rest."""
    plain = f"{version}:{request.algorithm}:{request.num_recommendations}"
    has_default_dials = _dials(request) == [None, 0, 0]
    if request.filters is None and has_default_dials and request.page_token is None and not request.explain:
        return plain
    diversity = default_diversity if request.diversity is None else request.diversity
    dials = [diversity, request.novelty, request.serendipity]
    parts = [_canonical(request.filters), dials, request.explain, request.page_token]
    if parts == [None, [default_diversity, 0, 0], False, None]:
        return plain
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    return f"{plain}:{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"


def query_digest(request: ListRequest) -> str:
    """What a page token is bound to: the user and the question, not the size of the page."""
    parts = [request.asked_about, request.algorithm, _canonical(request.filters), _dials(request)]
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _dials(request: ListRequest) -> list[float | None]:
    """None where the configured default stands for it."""
    return [request.diversity, request.novelty, request.serendipity]


def _canonical(filters: Filters | None) -> dict[str, object] | None:
    if filters is None:
        return None
    values = filters.model_dump(exclude_defaults=True, exclude={EXCLUDED})
    canonical = {name: sorted(set(value)) if isinstance(value, tuple) else value for name, value in values.items()}
    if filters.exclude_item_ids:
        ids = np.sort(np.array(filters.exclude_item_ids, np.int64))
        once = ids[np.diff(ids, prepend=0) > 0]
        canonical[EXCLUDED] = hashlib.blake2b(once.tobytes(), digest_size=16).hexdigest()
    return canonical or None
