"""What every user of the release is fond of, each in shares of all that they did."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys.algorithms.base import Histories

DOUBT = np.log1p(np.float32(4.0))
"""What is unknown of everybody weighs as much as one like: who did little is surely fond of little."""


def tastes(histories: Histories) -> sparse.csr_array:
    """(n_users, n_items) how much of what each did speaks for an item, or below 0 against it; rows sum to at most 1."""
    weights = histories.weights
    strength = np.sign(weights.data) * np.log1p(np.abs(weights.data))
    rows = np.repeat(np.arange(len(histories)), np.diff(weights.indptr))
    total = np.bincount(rows, np.abs(strength), len(histories)) + DOUBT
    data = (strength / total[rows]).astype(np.float32)
    return sparse.csr_array((data, weights.indices, weights.indptr), shape=weights.shape)
