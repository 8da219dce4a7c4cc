"""Things touched that no algorithm knows yet, because they are newer than the release: their words speak for them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from recommendation_api.serving.ids import locate
from recommendation_api.serving.live import Ground
from recommendation_api.serving.newcomers import content_model, near_text, text_vector
from recommendation_api.serving.people import Person, crowd
from recommendation_api.serving.touches import spoken_against
from recsys.algorithms.base import FloatArray, Histories, Recommender
from recsys.algorithms.content_based import ContentBased
from recsys.algorithms.hybrid import Hybrid
from recsys.algorithms.weighting import recent_strengths
from recsys.domain import Algorithm
from recsys.release import Release
from recsys.settings import EventWeights

CONTENT = Algorithm.CONTENT_BASED.value


def near_touched(ground: Ground, release: Release, person: Person, weights: EventWeights) -> FloatArray | None:
    """(n_positions,) 0..1, how near each item's text is to those of the things touched and not spoken against; None
    where nothing is known of these.
    """
    model = content_model(release)
    liked = np.setdiff1d(person.seen, np.array([*spoken_against(person, weights)], np.int64))
    positions = locate(ground.view.item_ids, liked)
    if model is None:
        return None
    found = [
        vector
        for position in positions[positions >= 0].tolist()
        if (vector := text_vector(model, ground.column, ground.placed, position)) is not None
    ]
    if not found:
        return None
    profile = sparse.csr_array(sparse.vstack(found).sum(axis=0)[None, :])
    near = near_text(model, ground.column, ground.placed, profile)
    top = float(near.max(initial=0))
    return np.asarray(near / top, np.float32) if top > 0 else None


def with_new(
    parts: Mapping[str, FloatArray],
    model: Recommender,
    ground: Ground,
    person: Person,
    *,
    history: Histories,
    weights: EventWeights,
) -> dict[str, FloatArray]:
    """`parts`, (n_columns,) by source, with what the new things touched add to the content model's: its score is a sum
    over the history, and theirs are summands like any other. Only for somebody who touched old things too.
    """
    whole = dict(parts)
    content, scale = _content_part(model, history)
    added = _of_new(content, ground, person, weights) if content is not None and history.weights.nnz else None
    if added is not None:
        whole[CONTENT] = whole[CONTENT] + added * np.float32(scale)
    return whole


def _content_part(model: Recommender, history: Histories) -> tuple[ContentBased | None, float]:
    """The content model in `model`, and what one unit of its score counts there."""
    if isinstance(model, ContentBased):
        return model, 1.0
    if isinstance(model, Hybrid) and isinstance(found := model.components.get(CONTENT), ContentBased):
        return found, float(model.scales(history)[CONTENT][0])
    return None, 0.0


def _of_new(model: ContentBased, ground: Ground, person: Person, weights: EventWeights) -> FloatArray | None:
    """(n_columns,) None where nothing new was touched."""
    placed = ground.placed
    item_ids = ground.view.item_ids[placed.positions]
    if not np.isin(np.concatenate([person.seen, person.liked]), item_ids).any():
        return None
    touched = crowd([person], item_ids, weights).histories
    strengths = recent_strengths(touched, model.config.weighting, model.config.recency)
    near: FloatArray = model.near(sparse.csr_array(strengths @ placed.vectors))[0]
    return near
