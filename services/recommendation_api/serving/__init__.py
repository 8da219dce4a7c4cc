"""How a list is made: cache, batched computation, filters, fallback ladder, explanation, live release."""

from __future__ import annotations

from recommendation_api.serving.discovery import ScoredItem, ScoredUser
from recommendation_api.serving.hot_path import HotPath
from recommendation_api.serving.serving import AlgorithmInfo, Serving

__all__ = ["AlgorithmInfo", "HotPath", "ScoredItem", "ScoredUser", "Serving"]
