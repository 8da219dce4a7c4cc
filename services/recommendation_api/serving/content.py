"""How alike items are, by what the catalogue says of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving.live import Ground
from recsys.algorithms.base import IndexArray
from recsys.algorithms.content_based import ContentBased
from recsys.domain import Algorithm
from recsys.release import Release

SAME_CATEGORY = np.float32(0.5)
"""Likeness of two items of one category that share no word; the words bring the other half."""


def similarity_among(release: Release, ground: Ground, positions: IndexArray) -> NDArray[np.float32]:
    """(k, k) 0..1 between the items at `positions`, by category and by their texts' TF-IDF cosine."""
    codes = ground.view.category[positions]
    alike = ((codes[:, None] == codes) & (codes >= 0)) * SAME_CATEGORY
    model = release.models.get(Algorithm.CONTENT_BASED)
    columns = ground.column[positions]
    known = np.flatnonzero(columns >= 0)
    if isinstance(model, ContentBased) and len(known):
        vectors = model.items[columns[known]]
        alike[np.ix_(known, known)] += (1 - SAME_CATEGORY) * np.clip((vectors @ vectors.T).toarray(), 0, 1)
    return np.asarray(alike, np.float32)
