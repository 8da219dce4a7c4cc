"""What is near the things that somebody touched, where no algorithm knows these yet: by their words."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recommendation_api.serving.ids import locate
from recommendation_api.serving.live import Ground
from recommendation_api.serving.newcomers import content_model, near_text, text_vector
from recommendation_api.serving.people import Person
from recommendation_api.serving.touches import spoken_against
from recsys.algorithms.base import FloatArray
from recsys.release import Release
from recsys.settings import EventWeights


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
