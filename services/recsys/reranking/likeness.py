"""How alike items are: by what the catalogue says of them, and by who touched them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender
from recsys.algorithms.content_based import ContentBased
from recsys.algorithms.item_based import ItemBased
from recsys.domain import Algorithm
from recsys.reranking.greedy import TINY, Float64Array

Models = Mapping[Algorithm, Recommender]

SAME_CATEGORY = np.float32(0.5)
"""Content of two items of one category that share no word; the words bring the other half."""
BY_CONTENT = np.float32(0.5)
"""Content's share where both items were touched; the whole where one is new."""


@dataclass(frozen=True, slots=True)
class Places:
    """Items of a catalogue, as a release knows them."""

    category: IndexArray
    """(k,) codes, -1 for none"""
    columns: IndexArray
    """(k,) of the release, -1 for an item that it does not know"""


def likeness(models: Models, pool: Places) -> FloatArray:
    """(k, k) 0..1, symmetric: half by content, half by co-occurrence. A model that the release lacks adds nothing."""
    known = np.flatnonzero(pool.columns >= 0)
    alike = _content(models, pool, known)
    if isinstance(together := models.get(Algorithm.ITEM_BASED), ItemBased) and len(known):
        shared, touched = _co_occurrence(together, pool.columns[known])
        warm = known[touched]
        alike[np.ix_(warm, warm)] *= BY_CONTENT
        alike[np.ix_(warm, warm)] += (1 - BY_CONTENT) * shared[np.ix_(touched, touched)]
    return alike


def _content(models: Models, pool: Places, known: NDArray[np.int64]) -> FloatArray:
    """Category, and the cosine of the texts' TF-IDF vectors."""
    same = (pool.category[:, None] == pool.category) & (pool.category >= 0)
    alike: FloatArray = same * SAME_CATEGORY
    if isinstance(model := models.get(Algorithm.CONTENT_BASED), ContentBased) and len(known):
        vectors = model.items[pool.columns[known]]
        cosine = np.clip((vectors @ vectors.T).toarray(), 0, 1)
        alike[np.ix_(known, known)] += (1 - SAME_CATEGORY) * cosine
    return alike


def _co_occurrence(model: ItemBased, columns: IndexArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """(k, k) what the item-based filter kept of each pair, as a share of what both go together with most; and which of
    the items go together with anything.
    """
    rows = model.similarity[columns]
    most = rows.max(axis=1).toarray().ravel().astype(np.float32)
    block = rows[:, columns].toarray()
    scale = np.sqrt(most[:, None] * most)
    shares = np.divide(np.maximum(block, block.T), scale, out=np.zeros_like(block), where=scale > 0)
    return np.minimum(shares, np.float32(1)), most > 0


def expectedness(models: Models, pool: Places, taste: Float64Array, history: Histories) -> Float64Array:
    """(k,) 0..1 how near each item is to what one user touched: half by category, half by the texts.

    Args:
        models: of a release
        pool: the items
        taste: (n_categories + 1,) the user's shares of categories
        history: one row
    """
    liked = taste[pool.category] / max(float(taste.max()), TINY)
    model = models.get(Algorithm.CONTENT_BASED)
    known = np.flatnonzero(pool.columns >= 0)
    if not isinstance(model, ContentBased) or not len(known) or not history.weights.nnz:
        return liked
    profile = model.profiles(history)
    length = max(float(np.sqrt(profile.data @ profile.data)), TINY)
    near = (model.items[pool.columns[known]] @ profile.T).toarray().ravel() / length
    read = np.zeros(len(liked))
    read[known] = np.clip(near, 0, 1)
    return liked * SAME_CATEGORY + read * (1 - SAME_CATEGORY)
