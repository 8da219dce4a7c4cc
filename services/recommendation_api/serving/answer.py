"""The answer's bytes: written once, kept in the cache as they are sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from recsys.domain import Explanation, Recommendation

PREFIX_BYTES = 400
"""The flags stand within these; text further on cannot look like one, its quotes are escaped."""
COLD = b'"cold_start":true'
EMPTY = b'"recommendations":[]'
FRESH, STORED = b'"cached":false', b'"cached":true'


@dataclass(frozen=True, slots=True)
class Answer:
    asker: Mapping[str, Any]
    """The first field: a user's or a session's id."""
    algorithm: str
    release: str
    recommendation_id: str
    generated_at: datetime
    cold_start: bool
    degraded: Sequence[str]
    recommendations: Sequence[Recommendation]
    next_page_token: str | None

    def to_bytes(self) -> bytes:
        fields: dict[str, Any] = {
            **self.asker,
            "algorithm": self.algorithm,
            "release": self.release,
            "recommendation_id": self.recommendation_id,
            "generated_at": self.generated_at,
            "cached": False,
            "cold_start": self.cold_start,
            "degraded": list(self.degraded),
            "recommendations": [_item(each) for each in self.recommendations],
        }
        if self.next_page_token is not None:
            fields["next_page_token"] = self.next_page_token
        return to_json(fields)


def as_stored(body: bytes) -> bytes:
    """The same answer as the cache will give it. What stands before `cached` holds no text of anybody's."""
    return body.replace(FRESH, STORED, 1)


def _item(item: Recommendation) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "rank": item.rank,
        "item_id": item.item_id,
        "title": item.title,
        "category": item.category,
        "score": item.score,
        "reason": item.reason,
    }
    if item.explanation is not None:
        fields["explanation"] = _explanation(item.explanation)
    return fields


def _explanation(explanation: Explanation) -> dict[str, Any]:
    parts = []
    for part in explanation.parts:
        fields: dict[str, Any] = {"source": part.source, "share": part.share}
        if part.because:
            fields["because"] = part.because
        parts.append(fields)
    rules = [
        {"rule_id": rule.rule_id, "version": rule.version, "name": rule.name, "action": rule.action}
        for rule in explanation.rules
    ]
    return {"parts": parts, "rules": rules}
