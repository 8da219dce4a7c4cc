from __future__ import annotations

import pytest

from recommendation_api.serving.live import LiveRelease
from recommendation_api.serving.warm_up import warm_up
from recsys.algorithms.content_based import ContentBased
from recsys.domain import Algorithm
from recsys.release import Release


def test_the_first_new_item_finds_the_reader_of_texts_ready(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    """It imports scikit-learn, for which nobody should wait."""
    warm_up(LiveRelease(release))
    monkeypatch.setattr(ContentBased, "_vectorizer", None)
    content = release.models[Algorithm.CONTENT_BASED]
    assert isinstance(content, ContentBased)
    assert content.embed(["a new text"]).shape[0] == 1
