"""Releases: which there are, and what was live when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

VERSION = "20261124-035012-9f3a"


class ReasonAnswer(BaseModel):
    reason: str = Field(examples=["worse_than_champion"])
    sentence: str
    """With the figures."""


class DecisionAnswer(BaseModel):
    decided_at: datetime
    champion: str | None = Field(examples=[VERSION])
    """What was live then."""
    outcome: Literal["accepted", "refused"]
    reasons: list[ReasonAnswer]
    """None where it was accepted."""
    figures: Mapping[str, Any] = Field(examples=[{"judged_users": 4000, "ndcg_10_less_champion": {"estimate": 0.002}}])
    """What it rests on: checks of the data, verdict and comparisons, each interval with estimate, low and high."""


class ReleaseAnswer(BaseModel):
    version: str = Field(examples=[VERSION])
    created_at: datetime | None
    """Null where the release cannot be read."""
    metrics: Mapping[str, float] = Field(examples=[{"ndcg@10": 0.08, "recall@10": 0.11}])
    """The hybrid's, measured on the newest events, held out."""
    is_live: bool
    problem: str | None
    """Why it could not be promoted, as far as its manifest tells."""
    decision: DecisionAnswer | None
    """Why it was published; null where nothing is known of that."""


class DeploymentAnswer(BaseModel):
    version: str = Field(examples=[VERSION])
    action: Literal["publish", "promote", "rollback"]
    live_from: datetime
    live_until: datetime | None
    """Null for what is live."""
    reason: str = Field(examples=["a training pointed the champion alias to it"])


class ReleasesAnswer(BaseModel):
    releases: list[ReleaseAnswer]
    """Those that are kept, newest first."""
    deployments: list[DeploymentAnswer]
    """What was live from when to when, newest first, the last 100."""
    refusals: list[DecisionAnswer]
    """Of trainings whose release was not published, newest first, the last 20."""


class LiveReleaseAnswer(BaseModel):
    release: str = Field(examples=[VERSION])
    """The live one."""
    previous: str | None
    """What was live before the call; the same where nothing changed."""
