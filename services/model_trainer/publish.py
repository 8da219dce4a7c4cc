"""Making a release known, in an order in which a crash at any point leaves the old one served:

folder on disk (by rename) → runs, versions and alias `challenger` in MLflow → row in PostgreSQL → alias `champion`.
Only the last step changes what is live, and what came before it is undone when something fails.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from model_trainer.champion import read_champion
from model_trainer.decision import Decision
from model_trainer.records import newest_deployments, published_versions, record_refusal, record_release
from recsys.adapters.mlflow_tracking import MlflowTracking
from recsys.deployments import release_before
from recsys.errors import Unavailable
from recsys.manifest import Manifest, files_of, read_manifest
from recsys.release import Release, list_releases, load_release, remove_leftovers, remove_release, write_release

Check = Callable[[Release], None]


@dataclass(frozen=True)
class Publisher:
    """Writes to the release folder, to MLflow and to PostgreSQL; the caller holds the training lock."""

    releases: Path
    tracking: MlflowTracking
    database_url: str
    keep: int
    """Releases that stay on disk and in MLflow."""

    def clean(self) -> None:
        """Take away what an earlier training left half done. Raises `OSError` where no release could be written: now,
        not after everything has been fitted.
        """
        self.releases.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.releases, prefix=".", suffix=".writing"):
            pass
        self.tracking.clear_abandoned()
        remove_leftovers(self.releases)

    def write(self, release: Release, check: Check) -> str:
        """Write the folder, load it again as the API will, and `check` that; returns the manifest's sha256."""
        digest = write_release(self.releases, release)
        with self._undoing(release.version):
            check(load_release(self.releases, release.version))
        return digest

    def size_mb(self, version: str) -> float:
        return sum(path.stat().st_size for path in files_of(self.releases / version)) / 1e6

    def champion(self) -> tuple[str | None, Manifest | None]:
        """The live release and what it says of itself, as far as that can be read."""
        version = self.tracking.champion()
        return version, read_champion(self.releases, version)

    def register(self, version: str, digest: str, decision: Decision, ensure_lock: Callable[[], None]) -> None:
        """Copy a written release to MLflow and record it and the decision in PostgreSQL; nothing is live by that."""
        manifest = read_manifest(self.releases, version)
        with self._undoing(version):
            number = self.tracking.log_release(self.releases / version, manifest)
            self.tracking.log_decision(decision.tags, decision.figures, version=version)
            self.tracking.set_challenger(version)
            ensure_lock()
            record_release(self.database_url, manifest, digest, number, decision)

    def record_refusal(self, decision: Decision, report: str) -> None:
        """Write down why nothing was published. Raises `Unavailable`."""
        record_refusal(self.database_url, decision)
        metrics = decision.figures.get("hybrid")
        self.tracking.log_decision(decision.tags, decision.figures, metrics=metrics, report=report)

    def promote(self, version: str) -> None:
        """Make it live. When MLflow cannot tell whether it did, the release stays: it may be the champion."""
        try:
            self.tracking.set_champion(version)
        except Unavailable as error:
            reason = f"Release {version} is registered, but it may not be live: {error.detail}"
            raise Unavailable(reason, dependency=error.dependency) from error

    def prune(self) -> list[str]:
        """Forget all but the newest releases, what is live and what a rollback leads to; returns what went."""
        present = list_releases(self.releases)
        published = [version for version in published_versions(self.database_url) if version in present]
        kept = {*published[: self.keep], *self._in_use(present)}
        self.tracking.keep_only(kept)
        gone = [version for version in present if version not in kept]
        for version in gone:
            remove_release(self.releases, version)
        return gone

    def _in_use(self, present: Collection[str]) -> set[str]:
        """The champion, what was recorded as live last (a champion that cannot be served leaves it serving), and the
        release before each.
        """
        history = newest_deployments(self.database_url)
        latest = [deployment.version for deployment in history[:1]]
        live = {version for version in [self.tracking.champion(), *latest] if version}
        before = {release_before(version, history, present) for version in live}
        return live | {version for version in before if version}

    @contextmanager
    def _undoing(self, version: str) -> Iterator[None]:
        """On an error take the release away again, as far as the servers can be reached."""
        try:
            yield
        except BaseException:
            remove_release(self.releases, version)
            with suppress(Unavailable):
                self.tracking.discard(version)
            raise
