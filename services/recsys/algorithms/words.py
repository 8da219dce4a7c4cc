"""Which words stand in which texts: what ties items together before anybody touched them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

MAX_WORDS = 20_000
"""The most frequent ones are kept."""
MIN_TEXTS = 2
MAX_SHARE = 0.05
"""Of the texts: a more common word ties too much together, and costs the square of its texts."""


def occurrences(texts: Sequence[str]) -> sparse.csr_array:
    """(n_texts, n_words) float32 ones, columns in alphabetical order; none where no word tells anything."""
    from sklearn.feature_extraction.text import CountVectorizer

    most = max(MIN_TEXTS, int(MAX_SHARE * len(texts)))
    vectorizer = CountVectorizer(
        stop_words="english", binary=True, min_df=MIN_TEXTS, max_df=most, max_features=MAX_WORDS, dtype=np.float32
    )
    try:
        return sparse.csr_array(vectorizer.fit_transform(texts))
    except ValueError:  # no word is left, or there are too few texts for any
        return sparse.csr_array((len(texts), 0), dtype=np.float32)
