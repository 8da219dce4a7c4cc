"""`ReleaseRegistry`: the one in memory and MLflow's, with the same answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recsys.adapters.memory import MemoryReleaseRegistry
from recsys.adapters.mlflow import MlflowRegistry
from recsys.adapters.mlflow_names import RELEASE_MODEL
from recsys.adapters.mlflow_tracking import MlflowTracking
from recsys.errors import NotFound, Unavailable
from recsys.manifest import Manifest, write_manifest
from recsys.ports import ReleaseRegistry

pytestmark = pytest.mark.anyio


class ReleaseRegistryContract(ABC):
    @abstractmethod
    def publish(self, version: str) -> None:
        """Register a release; nothing is live by that."""

    @abstractmethod
    def promote(self, version: str) -> None:
        """Make it the champion."""

    async def test_before_the_first_release_there_is_no_champion(self, registry: ReleaseRegistry) -> None:
        assert await registry.champion() is None

    async def test_a_release_is_live_only_when_it_is_promoted(self, registry: ReleaseRegistry) -> None:
        self.publish("20260301-120000-aaaa")
        assert await registry.champion() is None
        self.promote("20260301-120000-aaaa")
        assert await registry.champion() == "20260301-120000-aaaa"

    async def test_the_champion_moves_forward_and_back(self, registry: ReleaseRegistry) -> None:
        for version in ("v1", "v2"):
            self.publish(version)
            self.promote(version)
            assert await registry.champion() == version
        self.promote("v1")
        assert await registry.champion() == "v1"

    async def test_the_alias_can_be_moved_to_any_registered_release(self, registry: ReleaseRegistry) -> None:
        for version in ("v1", "v2", "v10"):
            self.publish(version)
        for version in ("v2", "v1", "v1", "v10"):
            await registry.set_champion(version)
            assert await registry.champion() == version

    async def test_a_release_that_is_not_registered_never_becomes_the_champion(self, registry: ReleaseRegistry) -> None:
        with pytest.raises(NotFound):
            await registry.set_champion("v1")
        self.publish("v1")
        self.promote("v1")
        for absent in ("v2", "v", "v1' or name='recstack-als", "../v1"):
            with pytest.raises(NotFound):
                await registry.set_champion(absent)
        assert await registry.champion() == "v1"


class TestMemory(ReleaseRegistryContract):
    @pytest.fixture
    def registry(self) -> ReleaseRegistry:
        self.memory = MemoryReleaseRegistry()
        return self.memory

    def publish(self, version: str) -> None:
        self.memory.registered.add(version)

    def promote(self, version: str) -> None:
        self.memory.version = version


@pytest.mark.integration
class TestMlflow(ReleaseRegistryContract):
    @pytest.fixture
    async def registry(self, mlflow_url: str, tmp_path: Path) -> AsyncIterator[ReleaseRegistry]:
        self.tracking, self.folder = MlflowTracking(mlflow_url), tmp_path
        async with MlflowRegistry(mlflow_url) as registry:
            yield registry

    def publish(self, version: str) -> None:
        folder = self.folder / version
        folder.mkdir()
        manifest = Manifest(version, datetime(2026, 3, 1, tzinfo=UTC), {}, {}, {})
        write_manifest(folder, manifest)
        self.tracking.log_release(folder, manifest)

    def promote(self, version: str) -> None:
        self.tracking.set_champion(version)

    async def test_a_champion_that_is_no_release_of_ours_is_an_error(self, registry: ReleaseRegistry) -> None:
        self.publish("v1")
        self.promote("v1")
        self.tracking.client.delete_model_version_tag(RELEASE_MODEL, "1", "release")
        with pytest.raises(Unavailable, match="no tag 'release'"):
            await registry.champion()


@pytest.mark.integration
async def test_a_server_that_is_away_is_no_missing_champion(free_tcp_port: int) -> None:
    async with MlflowRegistry(f"http://api:hunter2@127.0.0.1:{free_tcp_port}") as registry:
        with pytest.raises(Unavailable, match=r"MLflow at http://127\.0\.0\.1") as refused:
            await registry.champion()
        with pytest.raises(Unavailable, match=r"MLflow at http://127\.0\.0\.1"):
            await registry.set_champion("v1")
    assert refused.value.dependency == "mlflow"
    assert "hunter2" not in refused.value.detail
