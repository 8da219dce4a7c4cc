"""How much somebody would like given items: what orders the results of a search for one user."""

from __future__ import annotations

import numpy as np

from recommendation_api.serving import taste
from recommendation_api.serving.live import Ground, LiveRelease
from recommendation_api.serving.people import Crowd
from recsys.algorithms.base import FloatArray, IndexArray
from recsys.domain import Algorithm


def affinity(live: LiveRelease, ground: Ground, crowd: Crowd, positions: IndexArray) -> FloatArray:
    """(k,) 0..1 for the one user of `crowd`: half by the category, as stated or learned, half by the hybrid's score as
    a share of the best among these items. An item that is newer than the release has the first half alone.
    """
    stated = taste.stated(ground.view, crowd.people[0])
    learned = taste.learned(ground.view, live.release, crowd.histories)
    liking = np.maximum(stated, learned / max(float(learned.max(initial=0)), taste.TINY))
    by_category = liking[ground.view.category[positions]]
    if not crowd.histories.weights.nnz:
        return np.asarray(by_category, np.float32)
    scores = ground.at_positions(live.release.models[Algorithm.HYBRID].fold_in(crowd.histories)[0])[positions]
    personal = np.clip(scores, 0, None) / max(float(scores.max(initial=0)), taste.TINY)
    return np.asarray((by_category + personal) / 2, np.float32)
