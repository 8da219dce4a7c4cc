"""The first request to a release should be as quick as the second."""

from __future__ import annotations

import numpy as np

from recommendation_api.serving.live import LiveRelease
from recsys.algorithms.base import Histories
from recsys.algorithms.content_based import ContentBased


def warm_up(live: LiveRelease) -> None:
    """Ask every model for one user and one item, so that its pages are mapped and its lazy parts are built."""
    release = live.release
    if not len(release.item_ids):
        return
    first = np.zeros(1, np.int32)
    has_users = len(release.user_ids) > 0
    history = release.histories.rows(first) if has_users else Histories.empty(1, len(release.item_ids))
    for model in release.models.values():
        model.parts(history)
        model.explain_parts(history, first)
        model.similar(first)
        if isinstance(model, ContentBased):
            model.embed(["the first new item brings scikit-learn with it"])
