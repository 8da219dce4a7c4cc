"""What a list is worth beside being right: how varied, new, surprising and fitting to the user it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import Histories, IndexArray, ItemContent
from recsys.evaluation import metrics
from recsys.evaluation.judge import Judgement
from recsys.evaluation.metrics import Counts, Hits, PerUser

SMOOTHING = 0.01
"""Steck's alpha: this much of the user's own shares is mixed into the list's, so that none is zero."""


@dataclass(frozen=True)
class Surroundings:
    """What lists are held against."""

    touched_by: Counts
    """(n_items,) how many users touched each item before"""
    n_users: int
    relevant: sparse.csr_array
    """(n_users, n_items)"""
    primitive: IndexArray
    """(n, k) the lists that anybody could have made, popularity's, for the users that are judged"""
    category: IndexArray
    """(n_items,) -1 for none"""
    tastes: NDArray[np.float64]
    """(n, n_categories) of the users that are judged, in their order"""
    vectors: sparse.csr_array | None = None
    """(n_items, d) of length one or zero; None: nothing is known of the items' contents"""

    def measure(self, judged: Judgement, k: int) -> dict[str, float]:
        """Means over the users; calibration over those who have a taste."""
        ranked = judged.ranked
        hits = metrics.hits_of(ranked[:, :k], self.relevant[judged.users])
        known = self.tastes.any(axis=1)
        per_user: dict[str, PerUser] = {
            "average_popularity": metrics.average_popularity_at_k(ranked, self.touched_by, k),
            "novelty": metrics.novelty_at_k(ranked, self.touched_by, self.n_users, k),
            "serendipity": serendipity_at_k(ranked, hits, self.primitive, k),
            "calibration": calibration_at_k(ranked[known], self.category, self.tastes[known], k),
            "user_coverage": user_coverage_at_k(ranked, k),
        }
        if self.vectors is not None:
            per_user["diversity"] = metrics.intra_list_diversity_at_k(ranked, self.vectors, k)
        return {f"{name}@{k}": float(values.mean()) for name, values in per_user.items() if len(values)}


def serendipity_at_k(ranked: IndexArray, hits: Hits, primitive: IndexArray, k: int) -> PerUser:
    """Relevant items among the first k that a primitive recommender does not have among its own first k, over k.

    Ge, Delgado-Battenfeld and Jannach, Beyond accuracy: evaluating recommender systems by coverage and serendipity,
    RecSys 2010.

    Args:
        ranked: (n, at least k)
        hits: (n, at least k) as `metrics.hits_of` gives them for `ranked`
        primitive: (n, at least k) the primitive recommender's lists, for instance popularity's
        k: length of the lists
    """
    expected = (ranked[:, :k, None] == primitive[:, None, :k]).any(axis=2)
    surprising: PerUser = (hits[:, :k] & ~expected).sum(axis=1) / k
    return surprising


def user_coverage_at_k(ranked: IndexArray, k: int) -> PerUser:
    """1 where the list has its k items."""
    return np.where((ranked[:, :k] >= 0).all(axis=1), 1.0, 0.0)


def tastes(histories: Histories, content: ItemContent) -> NDArray[np.float64]:
    """(n, n_categories) each category's share of what a user likes; zeros for who likes nothing that has one.

    What they like is weighted by its events; what they dislike counts for nothing.
    """
    touched = histories.weights
    amount = np.maximum(touched.data, 0.0).astype(np.float64)
    weights = sparse.csr_array((amount, touched.indices, touched.indptr), shape=touched.shape)
    liked: NDArray[np.float64] = (weights @ _memberships(content.category, len(content.category_names))).toarray()
    total = liked.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = np.divide(liked, total, out=np.zeros_like(liked), where=total > 0)
    return shares


def calibration_at_k(ranked: IndexArray, category: IndexArray, wanted: NDArray[np.float64], k: int) -> PerUser:
    """Kullback-Leibler divergence of the list's shares of categories from the user's: 0 where they are the same.

    Steck, Calibrated recommendations, RecSys 2018.

    Args:
        ranked: (n, at least k)
        category: (n_items,) -1 for none
        wanted: (n, n_categories) rows that sum to one, or zeros: these get 0
        k: length of the lists
    """
    top = ranked[:, :k]
    rows, places = np.nonzero(top >= 0)
    lists = sparse.csr_array(
        (np.ones(len(rows)), (rows, top[rows, places])), shape=(len(top), len(category)), dtype=np.float64
    )
    shown = (lists @ _memberships(category, wanted.shape[1])).toarray()
    total = shown.sum(axis=1, keepdims=True)
    shares = np.divide(shown, total, out=np.zeros_like(shown), where=total > 0)
    smoothed = (1 - SMOOTHING) * shares + SMOOTHING * wanted
    ratio = np.divide(wanted, smoothed, out=np.ones_like(wanted), where=wanted > 0)
    divergence: PerUser = (wanted * np.log(ratio)).sum(axis=1)
    return divergence


def _memberships(category: IndexArray, n_categories: int) -> sparse.csr_array:
    """(n_items, n_categories) one where an item is in a category."""
    items = np.flatnonzero(category >= 0)
    ones = np.ones(len(items), np.float64)
    return sparse.csr_array((ones, (items, category[items])), shape=(len(category), n_categories))
