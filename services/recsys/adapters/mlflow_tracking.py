"""Writing releases to MLflow: runs, artifacts, model versions and the alias that decides what is live.

Here MLflow's own client does the work, because a server of the user's own may keep artifacts anywhere. It is imported
when first needed (2 s) and takes its time limits from environment variables, set here unless they are set already.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from recsys.adapters.mlflow_names import (
    CHALLENGER,
    CHAMPION,
    EXPERIMENT,
    MODEL_PREFIX,
    RELEASE_MODEL,
    RELEASE_TAG,
    model_name,
    without_credentials,
)
from recsys.adapters.verdicts import not_registered
from recsys.domain import Algorithm
from recsys.errors import Unavailable
from recsys.manifest import MANIFEST, Manifest
from recsys.release import REPORT
from recsys.telemetry import DEPENDENCY_ERRORS

ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
PARENT_TAG = "mlflow.parentRunId"
ALGORITHM_TAG = "algorithm"
PARAMETER_LENGTH = 500
TAG_LENGTH = 5000
DECISION_FILE = "decision.json"
PAGE = 100


@dataclass(frozen=True, slots=True)
class RegisteredRelease:
    """A version of the registered model `recstack-release`."""

    version: str
    number: int


class MlflowTracking:
    """The training side of MLflow. Every method raises `Unavailable` when the server is away or refuses."""

    def __init__(self, url: str) -> None:
        _prepare_environment(url)
        from mlflow import MlflowClient

        self._server = without_credentials(url)
        self._url = url
        self.client = MlflowClient(tracking_uri=url, registry_uri=url)

    def experiment(self) -> str:
        """The id of the experiment, made or restored where needed: also the check that MLflow answers."""
        with self._reaching():
            found = self.client.get_experiment_by_name(EXPERIMENT)
            if found is None:
                return str(self.client.create_experiment(EXPERIMENT))
            if found.lifecycle_stage == "deleted":
                self.client.restore_experiment(found.experiment_id)
            return str(found.experiment_id)

    def log_release(self, folder: Path, manifest: Manifest) -> int:
        """Log a run for the release and one below it for each algorithm, upload every file once, and register a version
        of each model and of the release. No alias is moved.

        Returns:
            The number of the release's model version.
        """
        experiment = self.experiment()
        with self._reaching():
            self._ensure_models([model_name(name) for name in manifest.algorithms] + [RELEASE_MODEL])
            with self._run(experiment, manifest.version, {RELEASE_TAG: manifest.version}) as parent:
                for name in manifest.algorithms:
                    self._log_algorithm(experiment, parent, name, folder, manifest)
                hybrid = manifest.algorithms.get(Algorithm.HYBRID)
                self._log_values(parent, manifest.snapshot, hybrid.metrics if hybrid else {})
                self._upload_own_files(parent, folder)
                return self._register(RELEASE_MODEL, f"runs:/{parent}/", parent, manifest.version)

    def replace_release(self, folder: Path, manifest: Manifest) -> list[str]:
        """Upload what is other in a registered release's folder than in MLflow's copy, its manifest last; the names. A
        copy that was begun and not ended is gone on with.

        Raises:
            NotFound: it is not registered
        """
        with self._reaching():
            runs = {name.value: self._run_of(manifest.version, model_name(name)) for name in manifest.algorithms}
            parent = self._run_of(manifest.version)
            with TemporaryDirectory() as place:
                copied = json.loads(Path(self.client.download_artifacts(parent, MANIFEST, place)).read_text("utf-8"))
            changed = sorted(name for name, sha256 in manifest.files.items() if copied["files"].get(name) != sha256)
            for name in changed:
                place_of = name.rpartition("/")[0] or None
                self.client.log_artifact(runs.get(name.partition("/")[0], parent), str(folder / name), place_of)
            self.client.log_artifact(parent, str(folder / MANIFEST))
            return changed

    def log_decision(
        self,
        tags: Mapping[str, str],
        figures: Mapping[str, Any],
        *,
        version: str | None = None,
        metrics: Mapping[str, float] | None = None,
        report: str | None = None,
    ) -> None:
        """Tag the run of a registered release with what was decided of it, and attach what that rests on; a release
        that is refused was never registered and gets a run for it, with the `metrics` and the `report`, HTML, that a
        release's run has.
        """
        experiment = self.experiment()
        with self._reaching():
            if version is not None:
                self._describe(self._run_of(version), tags, figures)
                return
            with self._run(experiment, "refused", {}) as run:
                self._log_values(run, {}, metrics or {})
                self._describe(run, tags, figures)
                if report is not None:
                    self.client.log_text(run, report, REPORT)

    def champion(self) -> str | None:
        """Version of the live release; None before the first."""
        with self._reaching():
            return self._aliased().get(CHAMPION)

    def releases(self) -> list[RegisteredRelease]:
        """Every registered release, newest first."""
        with self._reaching():
            return [
                RegisteredRelease(version.tags[RELEASE_TAG], int(version.version))
                for version in self._versions(RELEASE_MODEL)
                if RELEASE_TAG in version.tags
            ]

    def set_champion(self, version: str) -> None:
        """Move the alias: from then on the API serves this release. A challenger is none any more. Raises `NotFound`
        for one that is not there.
        """
        self._point(CHAMPION, version)
        with self._reaching():
            self._no_challenger(version)

    def set_challenger(self, version: str) -> None:
        """Name what is about to become the champion. Raises `NotFound` for a release that is not there."""
        self._point(CHALLENGER, version)

    def _point(self, alias: str, version: str) -> None:
        number = next((known.number for known in self.releases() if known.version == version), None)
        if number is None:
            raise not_registered(version)
        with self._reaching():
            self.client.set_registered_model_alias(RELEASE_MODEL, alias, str(number))

    def _no_challenger(self, version: str) -> None:
        if self._aliased().get(CHALLENGER) == version:
            self.client.delete_registered_model_alias(RELEASE_MODEL, CHALLENGER)

    def keep_only(self, versions: Collection[str]) -> None:
        """Delete the model versions and artifacts of all other releases; their runs stay, with what they measured.

        A release with an alias stays whole, whoever set it.
        """
        with self._reaching():
            self._forget(lambda release: release not in versions)

    def discard(self, version: str) -> None:
        """`keep_only` for all but this release, which is no challenger any more."""
        with self._reaching():
            self._no_challenger(version)
            self._forget(lambda release: release == version)

    def clear_abandoned(self) -> int:
        """End runs that a crash left open and delete their artifacts; how many. The caller is the only trainer."""
        experiment = self.experiment()
        with self._reaching():
            runs = self.client.search_runs([experiment], "attributes.status = 'RUNNING'", max_results=PAGE)
            for run in runs:
                self._delete_artifacts(run.info.run_id)
                self.client.set_terminated(run.info.run_id, "KILLED")
            return len(runs)

    def _models(self) -> dict[str, Any]:
        """Our registered models by name."""
        return {model.name: model for model in self.client.search_registered_models(f"name LIKE '{MODEL_PREFIX}%'")}

    def _aliased(self) -> dict[str, str | None]:
        """Release by alias."""
        model = self._models().get(RELEASE_MODEL)
        numbers = model.aliases if model else {}
        return {
            alias: self.client.get_model_version(RELEASE_MODEL, number).tags.get(RELEASE_TAG)
            for alias, number in numbers.items()
        }

    def _forget(self, is_doomed: Callable[[str | None], bool]) -> None:
        aliased = set(self._aliased().values())
        for name in self._models():
            for version in self._versions(name):
                release = version.tags.get(RELEASE_TAG)
                if is_doomed(release) and release not in aliased:
                    self._delete_artifacts(version.run_id)
                    self.client.delete_model_version(name, version.version)

    def _ensure_models(self, names: Collection[str]) -> None:
        for name in set(names) - set(self._models()):
            self.client.create_registered_model(name)

    def _run_of(self, version: str, model: str = RELEASE_MODEL) -> str:
        versions = self._versions(model)
        run = next((str(known.run_id) for known in versions if known.tags.get(RELEASE_TAG) == version), None)
        if run is None:
            raise not_registered(version)
        return run

    def _describe(self, run: str, tags: Mapping[str, str], figures: Mapping[str, Any]) -> None:
        for name, value in tags.items():
            self.client.set_tag(run, name, value[:TAG_LENGTH])
        self._log_values(run, {}, {f"gate.{name}": value for name, value in _numbers(figures).items()})
        self.client.log_dict(run, dict(figures), DECISION_FILE)

    def _log_algorithm(self, experiment: str, parent: str, name: Algorithm, folder: Path, manifest: Manifest) -> None:
        entry = manifest.algorithms[name]
        tags = {RELEASE_TAG: manifest.version, ALGORITHM_TAG: name.value, PARENT_TAG: parent}
        with self._run(experiment, f"{manifest.version} {name.value}", tags) as run:
            self._log_values(run, entry.settings, entry.metrics)
            self.client.log_artifacts(run, str(folder / name.value), name.value)
            self._register(model_name(name.value), f"runs:/{run}/{name.value}", run, manifest.version)

    @contextmanager
    def _run(self, experiment: str, name: str, tags: Mapping[str, str]) -> Iterator[str]:
        """A run's id; finished afterwards, or failed and without artifacts."""
        run = str(self.client.create_run(experiment, run_name=name, tags=dict(tags)).info.run_id)
        try:
            yield run
        except BaseException:
            with suppress(Exception):
                self.client.set_terminated(run, "FAILED")
                self._delete_artifacts(run)
            raise
        self.client.set_terminated(run, "FINISHED")

    def _log_values(self, run: str, parameters: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        self.client.log_batch(
            run,
            metrics=[Metric(_metric_name(name), value, now, 0) for name, value in metrics.items()],
            params=[Param(name, value) for name, value in flat(parameters).items()],
        )

    def _upload_own_files(self, run: str, folder: Path) -> None:
        """What belongs to the release and to no single algorithm: manifest, id maps and histories."""
        for path in sorted(folder.iterdir()):
            if path.is_file():
                self.client.log_artifact(run, str(path))
            elif path.name not in set(Algorithm):
                self.client.log_artifacts(run, str(path), path.name)

    def _register(self, name: str, source: str, run: str, release: str) -> int:
        created = self.client.create_model_version(name, source, run, tags={RELEASE_TAG: release}, await_creation_for=0)
        return int(created.version)

    def _versions(self, name: str) -> list[Any]:
        """Every version of a registered model with its tags, newest first (a search leaves aliases out)."""
        found: list[Any] = []
        token = None
        while True:
            page = self.client.search_model_versions(
                f"name='{name}'", max_results=PAGE, order_by=["version_number DESC"], page_token=token
            )
            found += page
            token = page.token
            if not token:
                return found

    def _delete_artifacts(self, run: str) -> None:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        uri = self.client.get_run(run).info.artifact_uri
        get_artifact_repository(uri, tracking_uri=self._url).delete_artifacts()

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        from mlflow.exceptions import MlflowException
        from requests import ConnectionError as NoConnection
        from requests import RequestException

        try:
            yield
        except (MlflowException, RequestException) as error:
            DEPENDENCY_ERRORS.labels("mlflow").inc()
            reason = str(error).replace(self._url, self._server).split("\n", 1)[0][:300]
            if isinstance(error, NoConnection) or isinstance(error.__context__, NoConnection):
                reason = "it does not answer"
            raise Unavailable(f"MLflow at {self._server}: {reason}", dependency="mlflow") from error


def _prepare_environment(url: str) -> None:
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}:
        os.environ["NO_PROXY"] = ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1,localhost,::1"]))


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as MLflow's parameters: `{"a": {"b": 1}}` becomes `{"a.b": "1"}`."""
    result: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            result |= flat(value, f"{prefix}{name}.")
        else:
            result[f"{prefix}{name}"] = str(value)[:PARAMETER_LENGTH]
    return result


def _numbers(values: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """What can be drawn of nested figures: `{"taste": {"algorithm": "als", "low": .1}}` becomes `{"taste.low": .1}`."""
    result: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            result |= _numbers(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            result[f"{prefix}{name}"] = float(value)
    return result


def _metric_name(name: str) -> str:
    """MLflow refuses `@`: `ndcg@10` becomes `ndcg_at_10`."""
    return name.replace("@", "_at_")
