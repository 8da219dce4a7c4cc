"""Content-based filtering: items whose texts read like those that the user touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy import sparse

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender, TrainingData
from recsys.algorithms.weighting import Weighting, recent_strengths
from recsys.arrays import load_array, load_csr, load_json, save_array, save_csr, save_json
from recsys.domain import Algorithm


@dataclass(frozen=True)
class ContentBasedConfig:
    max_features: int = 20_000
    """Size of the vocabulary: the most frequent words."""
    max_document_share: float = 0.5
    """Words in more than this share of the texts tell nothing."""
    sublinear: bool = True
    """A word counts 1 + log of how often it stands in a text, not how often."""
    ngrams: int = 1
    """Up to so many words in a row count as one more word."""
    weighting: Weighting = "log"
    """How the summed events of a user and an item count."""
    recency: float = 1.0
    """In a history each event counts this much less than those one moment later."""


class ContentBased(Recommender):
    """score = cosine-like product of the item's TF-IDF vector with the sum of the touched ones, by strength.

    Salton and Buckley, Term-weighting approaches in automatic text retrieval, 1988; the profile is Rocchio's, so
    dislikes are subtracted. Needs no event to place an item: `embed` places texts that were not in training.
    """

    name = Algorithm.CONTENT_BASED
    config_class = ContentBasedConfig
    config: ContentBasedConfig
    items: sparse.csr_array
    """(n_items, n_words) float32, rows of length one, or zero for a text without known words"""
    words: list[str]
    """Column by column, sorted."""
    idf: FloatArray
    """(n_words,)"""

    def fit(self, data: TrainingData) -> Self:
        texts = data.content.texts
        most = max(1, int(self.config.max_document_share * len(texts)))
        vectorizer = self._vectorizer(max_features=self.config.max_features, max_df=most)
        try:
            self.items = sparse.csr_array(vectorizer.fit_transform(texts), dtype=np.float32)
            self.words = [str(word) for word in vectorizer.get_feature_names_out()]
            self.idf = vectorizer.idf_.astype(np.float32)
        except ValueError:  # no text has a word that tells anything
            self.items = sparse.csr_array((len(texts), 0), dtype=np.float32)
            self.words, self.idf = [], np.empty(0, np.float32)
        return self.measured(data.histories)

    def _vectorizer(self, **settings: Any) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        return TfidfVectorizer(
            stop_words="english",
            sublinear_tf=self.config.sublinear,
            ngram_range=(1, self.config.ngrams),
            dtype=np.float32,
            **settings,
        )

    def embed(self, texts: Sequence[str]) -> sparse.csr_array:
        """(n, n_words) float32 vectors of texts, of length one, by the words and weights of the training."""
        if not self.words or not texts:
            return sparse.csr_array((len(texts), len(self.words)), dtype=np.float32)
        return sparse.csr_array(self._fitted_vectorizer.transform(texts), dtype=np.float32)

    @cached_property
    def _fitted_vectorizer(self) -> Any:
        vectorizer = self._vectorizer(vocabulary=self.words)
        vectorizer.idf_ = np.asarray(self.idf)
        return vectorizer

    def _history(self, histories: Histories) -> sparse.csr_array:
        return recent_strengths(histories, self.config.weighting, self.config.recency)

    def profiles(self, histories: Histories) -> sparse.csr_array:
        """(n, n_words) the summed vectors of what each user touched."""
        return sparse.csr_array(self._history(histories) @ self.items)

    def near(self, vectors: sparse.csr_array) -> FloatArray:
        """(n, n_items) products of each item's vector with `vectors`, (n, n_words): of texts, items or profiles."""
        products: FloatArray = self.items @ np.ascontiguousarray(vectors.toarray().T)
        return np.ascontiguousarray(products.T)

    def fold_in(self, histories: Histories) -> FloatArray:
        return self.near(self.profiles(histories))

    def score_items(self, histories: Histories, items: IndexArray) -> FloatArray:
        scores: FloatArray = (self.profiles(histories) @ self.items[items].T).toarray()
        return scores

    def similar(self, items: IndexArray) -> FloatArray:
        """Cosine of the texts."""
        return self.near(self.items[items])

    def explain(self, history: Histories, items: IndexArray) -> FloatArray:
        own = self._history(history)
        brought: FloatArray = (self.items[items] @ self.items[own.indices].T).toarray() * own.data
        return brought

    def save(self, folder: Path) -> None:
        self.save_config(folder)
        save_csr(folder, "items", self.items)
        save_json(folder, "words", self.words)
        save_array(folder, "idf", self.idf)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls.load_config(folder)
        model.items = load_csr(folder, "items")
        model.words = load_json(folder, "words")
        model.idf = load_array(folder, "idf")
        return model
