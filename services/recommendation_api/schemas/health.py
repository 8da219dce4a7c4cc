"""How the service is."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, Field


class Health(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


class HealthAnswer(BaseModel):
    status: Health = Field(examples=["ok"])
    """`ok`, or `degraded` while a dependency is not ok or no release serves."""
    release: str | None
    """The live one; null before the first."""
    dependencies: dict[str, Health] = Field(examples=[{"postgres": "ok", "redis": "ok", "mlflow": "ok"}])


class ReadyAnswer(BaseModel):
    status: str = Field(examples=["ready"])
    release: str
