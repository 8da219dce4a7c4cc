"""What the schedule asks before it trains."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from model_trainer.erasures import has_waiting
from model_trainer.records import count_events
from recsys.adapters.mlflow import MlflowRegistry
from recsys.errors import ArtifactCorrupt, NotFound
from recsys.manifest import Manifest, read_manifest
from recsys.settings import Settings


@dataclass(frozen=True)
class ServerState:
    """`State` of the champion in MLflow, its folder, and the events in PostgreSQL."""

    settings: Settings

    def trained_at(self) -> datetime | None:
        manifest = self._champion()
        return manifest.created_at if manifest else None

    def has_news(self) -> bool:
        manifest = self._champion()
        url = self.settings.database_url
        return manifest is None or manifest.snapshot.get("events") != count_events(url) or has_waiting(url)

    def _champion(self) -> Manifest | None:
        """None where nothing is live, or what should be is not there."""
        version = asyncio.run(self._version())
        try:
            return read_manifest(self.settings.releases, version) if version else None
        except (NotFound, ArtifactCorrupt):
            return None

    async def _version(self) -> str | None:
        async with MlflowRegistry(self.settings.mlflow_url, timeout=10) as registry:
            return await registry.champion()
