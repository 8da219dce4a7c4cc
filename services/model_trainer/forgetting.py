"""Taking erased users out of every release that is kept, before a training learns anything new."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from model_trainer import erasures
from model_trainer.database import connect, reaching_postgres
from recsys.adapters.mlflow_tracking import MlflowTracking
from recsys.errors import ArtifactCorrupt, NotFound, Unavailable
from recsys.forgetting import IsErased, finish_rewrites, rewrite_without
from recsys.manifest import MANIFEST, read_manifest, sha256_of
from recsys.pseudonyms import Pseudonyms
from recsys.release import list_releases


@dataclass
class Forgetting:
    """The caller holds the training lock: nobody else writes to the folder."""

    releases: Path
    tracking: MlflowTracking
    database_url: str
    pseudonyms: Pseudonyms
    problems: list[str] = field(default_factory=list)
    """Why a store has not followed everywhere; its receipts stay open for the next training."""

    def run(self) -> str:
        """What came of it, for people. Raises `Unavailable` where PostgreSQL is away, `OSError`."""
        finish_rewrites(self.releases)
        with reaching_postgres(), connect(self.database_url, autocommit=True) as connection:
            waiting = erasures.waiting_receipts(connection, erasures.RELEASES)
            copied = erasures.waiting_receipts(connection, erasures.MLFLOW)
            if not waiting and not copied:
                return ""
            buried = erasures.tombstones(connection)
        users = self._rewrite(lambda user_id: self.pseudonyms.user(user_id) in buried) if waiting else 0
        follows = [] if self.problems else waiting
        copies = copied if copied and self._copy() else []
        with reaching_postgres(), connect(self.database_url) as connection:
            erasures.record_manifests(connection, self._digests())
            erasures.settle(connection, erasures.RELEASES, follows)
            erasures.settle(connection, erasures.MLFLOW, copies)
        return "; ".join([f"{len(waiting)} erasures, {users} rows of users rewritten", *self.problems])

    def _rewrite(self, is_erased: IsErased) -> int:
        """How many rows went, over all kept releases."""
        users = 0
        for version in list_releases(self.releases):
            try:
                rewritten = rewrite_without(self.releases, version, is_erased)
            except (ArtifactCorrupt, NotFound) as error:
                self.problems.append(error.detail)
            else:
                users += rewritten.users if rewritten else 0
        return users

    def _copy(self) -> bool:
        """Bring MLflow's copies to what the folder holds; whether all of them are, of a folder that is clean."""
        try:
            registered = {known.version for known in self.tracking.releases()}
            for version in list_releases(self.releases):
                if version in registered:
                    self.tracking.replace_release(self.releases / version, read_manifest(self.releases, version))
        except (Unavailable, ArtifactCorrupt) as error:
            self.problems.append(error.detail)
        return not self.problems

    def _digests(self) -> dict[str, str]:
        return {version: sha256_of(self.releases / version / MANIFEST) for version in list_releases(self.releases)}
