"""Items that are newer than the release, placed among those that it knows by their words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommendation_api.serving.catalogue_view import CatalogueView
from recsys.algorithms.base import FloatArray, IndexArray
from recsys.algorithms.content_based import ContentBased
from recsys.domain import Algorithm
from recsys.release import Release


@dataclass(frozen=True, slots=True)
class Placed:
    positions: IndexArray
    """(k,) ascending, in the catalogue"""
    vectors: sparse.csr_array
    """(k, n_words) of length one, or zero for a text without a word that the release knows"""


NOBODY = Placed(np.empty(0, np.int32), sparse.csr_array((0, 0), dtype=np.float32))


class Newcomers:
    """Embeds each text once, in the space that the release's content model learned."""

    def __init__(self, release: Release) -> None:
        self._model = content_model(release)
        self._texts: dict[int, str] = {}
        self._vectors = sparse.csr_array(
            (0, 0 if self._model is None else self._model.items.shape[1]), dtype=np.float32
        )

    def among(self, view: CatalogueView, column: IndexArray) -> Placed:
        """Those items of `view` without a column of the release whose texts it still holds.

        Args:
            view: the catalogue
            column: (n_positions,) -1 for an item that is newer than the release
        """
        new = np.flatnonzero(column < 0).astype(np.int32)
        if self._model is None or not len(new):
            return NOBODY
        ids = view.item_ids[new].tolist()
        texts = {item_id: view.texts[item_id] for item_id in ids if item_id in view.texts}
        if not texts:
            return NOBODY
        found = np.fromiter((item_id in texts for item_id in ids), np.bool_, len(ids))
        return Placed(new[found], self._vectors_of(self._model, texts))

    def _vectors_of(self, model: ContentBased, texts: dict[int, str]) -> sparse.csr_array:
        """(k, n_words) in the order of `texts`; only what was not among the last ones is embedded."""
        if texts != self._texts:
            place = {item_id: row for row, item_id in enumerate(self._texts)}
            missing = [item_id for item_id, text in texts.items() if self._texts.get(item_id) != text]
            parts = [self._vectors]
            if missing:
                place |= {item_id: len(self._texts) + row for row, item_id in enumerate(missing)}
                parts.append(model.embed([texts[item_id] for item_id in missing]))
            rows = [place[item_id] for item_id in texts]
            self._texts, self._vectors = texts, sparse.csr_array(sparse.vstack(parts, format="csr"))[rows]
        return self._vectors


def content_model(release: Release) -> ContentBased | None:
    """None where the release has none."""
    model = release.models.get(Algorithm.CONTENT_BASED)
    return model if isinstance(model, ContentBased) else None


def text_vector(model: ContentBased, column: IndexArray, placed: Placed, position: int) -> sparse.csr_array | None:
    """(1, n_words) of the item at `position`; None where nothing is known of its text."""
    if column[position] >= 0:
        return model.items[[int(column[position])]]
    at = int(np.searchsorted(placed.positions, position))
    if at == len(placed.positions) or placed.positions[at] != position:
        return None
    return placed.vectors[[at]]


def near_text(model: ContentBased, column: IndexArray, placed: Placed, vector: sparse.csr_array) -> FloatArray:
    """(n_positions,) products of every item's text with `vector`, (1, n_words): of an item, or of a profile."""
    near: FloatArray = model.near(vector)[0][column]
    near[column < 0] = 0
    if len(placed.positions):
        near[placed.positions] = (placed.vectors @ vector.T).toarray()[:, 0]
    return near
