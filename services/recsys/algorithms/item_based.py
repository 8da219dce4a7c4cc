"""Item-based collaborative filtering: what goes together with the things that the user touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from scipy import sparse

from recsys.algorithms.base import TrainingData
from recsys.algorithms.item_items import ItemItems
from recsys.algorithms.neighbourhoods import gram_rows, nearest, without_diagonal
from recsys.algorithms.weighting import (
    Weighting,
    inverse_power,
    liked,
    scale_columns,
    scale_rows,
    strengths,
    with_data,
)
from recsys.domain import Algorithm


@dataclass(frozen=True)
class ItemBasedConfig:
    similarity: Literal["normalised", "cosine", "bm25"] = "normalised"
    weighting: Weighting = "log"
    """How the summed events of a user and an item count."""
    user_exponent: float = 0.6
    """`a` of `normalised`: how much a user with many items is discounted; items get the rest."""
    power: float = 0.7
    """`s`: each similarity is raised to it; below 1 weak neighbours count more."""
    text_weight: float = 0.0
    """How much two items that share words belong together, where sharing users counts 1; 0 leaves texts alone."""
    recency: float = 1.0
    """In a history each event counts this much less than those one moment later."""
    neighbours: int = 500
    """Kept per item, the nearest; 0 keeps all, for a per cent more accuracy on large sparse data."""
    bm25_k1: float = 100.0
    """How slowly repeated strength saturates in `bm25`."""
    bm25_b: float = 0.2
    """Length normalisation of `bm25`: low for sparse data, higher for dense."""


class ItemBased(ItemItems):
    """score = H P, where P = (W'W)^s elementwise without its diagonal and H holds the user's strengths.

    `normalised`: W = Du^-a R Di^(a-1) over the degrees of users and items (Park et al., Turbo-CF, SIGIR 2024, whose
    filter is this product). `cosine`: W = R with columns of length one (Deshpande and Karypis, TOIS 2004). `bm25`:
    items as documents written in users (Robertson and Zaragoza, 2009). Dislikes teach no similarity; in a history
    they score their neighbours down. With `text_weight` each word is one more user, who touched the items whose texts
    hold it: an item that few touched has neighbours by its text.
    """

    name = Algorithm.ITEM_BASED
    config_class = ItemBasedConfig
    config: ItemBasedConfig

    def fit(self, data: TrainingData) -> Self:
        items_by_users = self._scaled(liked(strengths(data.histories.weights, self.config.weighting)).T.tocsr())
        if self.config.text_weight:
            by_words = self._scaled(data.content.words) * np.float32(self.config.text_weight)
            items_by_users = sparse.hstack([items_by_users, by_words], format="csr")
        blocks = [self._cut(block, first) for first, block in gram_rows(items_by_users)]
        size = items_by_users.shape[0]
        self.similarity = sparse.vstack(blocks, format="csr") if blocks else sparse.csr_array((size, size))
        return self.measured(data.histories)

    def _scaled(self, likes: sparse.csr_array) -> sparse.csr_array:
        """W' from R', (n_items, n_users)."""
        if self.config.similarity == "normalised":
            users = inverse_power(likes.sum(axis=0), self.config.user_exponent)
            items = inverse_power(likes.sum(axis=1), 1 - self.config.user_exponent)
            return scale_columns(scale_rows(likes, items), users)
        weighted = likes if self.config.similarity == "cosine" else self._bm25(likes)
        return scale_rows(weighted, inverse_power(with_data(weighted, weighted.data**2).sum(axis=1), 0.5))

    def _bm25(self, likes: sparse.csr_array) -> sparse.csr_array:
        k1, b = self.config.bm25_k1, self.config.bm25_b
        lengths = likes.sum(axis=1)
        relative = (1 - b) + b * lengths / max(float(lengths.mean()), np.finfo(np.float32).tiny)
        saturation = np.repeat(k1 * relative, np.diff(likes.indptr)).astype(np.float32)
        users = np.bincount(likes.indices, minlength=likes.shape[1])
        rarity = np.log(likes.shape[0] / (1 + users)).clip(0).astype(np.float32)
        return scale_columns(with_data(likes, likes.data * np.float32(k1 + 1) / (saturation + likes.data)), rarity)

    def _cut(self, block: sparse.csr_array, first_row: int) -> sparse.csr_array:
        block = without_diagonal(block, first_row)
        return nearest(with_data(block, block.data ** np.float32(self.config.power)), self.config.neighbours)
