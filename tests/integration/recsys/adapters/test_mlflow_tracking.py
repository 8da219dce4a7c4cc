from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from recsys.adapters.mlflow_names import CHALLENGER, CHAMPION, EXPERIMENT, RELEASE_MODEL
from recsys.adapters.mlflow_tracking import MlflowTracking
from recsys.domain import Algorithm
from recsys.errors import NotFound, Unavailable
from recsys.manifest import AlgorithmEntry, Manifest, files_of, sha256_of, write_manifest

pytestmark = pytest.mark.integration


def _folder(root: Path, version: str) -> tuple[Path, Manifest]:
    """A release's folder as the tracking server sees it: files, whatever is in them."""
    folder = root / version
    for name in ("histories", "als", "hybrid"):
        (folder / name).mkdir(parents=True)
        np.save(folder / name / "array.npy", np.arange(10_000, dtype=np.float32))
    np.save(folder / "item_ids.npy", np.arange(5))
    manifest = Manifest(
        version=version,
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        snapshot={"users": 3, "weights": {"view": 1.0}},
        algorithms={
            Algorithm.ALS: AlgorithmEntry({"embedding_size": 64, "seed": 1}, {"ndcg@10": 0.25}),
            Algorithm.HYBRID: AlgorithmEntry({"weights": {"als": 0.5}}, {"ndcg@10": 0.5, "recall@10": 0.75}),
        },
        files={path.relative_to(folder).as_posix(): sha256_of(path) for path in files_of(folder)},
    )
    write_manifest(folder, manifest)
    return folder, manifest


@pytest.fixture
def tracking(mlflow_url: str) -> MlflowTracking:
    return MlflowTracking(mlflow_url)


@pytest.fixture
def artifacts(mlflow_url: str) -> Iterator[Any]:
    """Lists the files of a run as paths."""
    with httpx.Client(base_url=mlflow_url, trust_env=False) as client:

        def walk(run: str, path: str = "") -> list[str]:
            answer = client.get("/api/2.0/mlflow/artifacts/list", params={"run_id": run, "path": path})
            found = answer.raise_for_status().json().get("files", [])
            nested = [walk(run, entry["path"]) if entry["is_dir"] else [entry["path"]] for entry in found]
            return sorted(path for paths in nested for path in paths)

        yield walk


def _runs(tracking: MlflowTracking) -> dict[str, Any]:
    runs = tracking.client.search_runs([tracking.experiment()])
    return {run.data.tags.get("algorithm", "release"): run for run in runs}


def test_a_release_is_logged_with_runs_parameters_metrics_and_every_file_once(
    tracking: MlflowTracking, tmp_path: Path, artifacts: Any
) -> None:
    folder, manifest = _folder(tmp_path, "v1")
    assert tracking.log_release(folder, manifest) == 1
    runs = _runs(tracking)
    assert set(runs) == {"release", "als", "hybrid"}
    assert runs["als"].data.params == {"embedding_size": "64", "seed": "1"}
    assert runs["als"].data.metrics == {"ndcg_at_10": 0.25}
    assert runs["als"].data.tags["mlflow.parentRunId"] == runs["release"].info.run_id
    assert runs["release"].data.metrics == {"ndcg_at_10": 0.5, "recall_at_10": 0.75}
    assert runs["release"].data.params["weights.view"] == "1.0"
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    uploaded = sorted(path for run in runs.values() for path in artifacts(run.info.run_id))
    assert uploaded == sorted(path.relative_to(folder).as_posix() for path in files_of(folder))


def test_the_copies_have_the_hashes_of_the_manifest(
    tracking: MlflowTracking, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, manifest = _folder(tmp_path, "v1")
    tracking.log_release(folder, manifest)
    target = tmp_path_factory.mktemp("copy")
    for run in _runs(tracking).values():
        tracking.client.download_artifacts(run.info.run_id, "", str(target))
    copied = {path.relative_to(target).as_posix(): sha256_of(path) for path in files_of(target)}
    assert copied.pop("manifest.json") == sha256_of(folder / "manifest.json")
    assert copied == manifest.files


def test_each_model_and_the_release_are_registered_under_their_version(
    tracking: MlflowTracking, tmp_path: Path
) -> None:
    for version in ("v1", "v2"):
        tracking.log_release(*_folder(tmp_path, version))
    for name in ("recstack-als", "recstack-hybrid", RELEASE_MODEL):
        versions = tracking.client.search_model_versions(f"name='{name}'")
        assert {(int(version.version), version.tags["release"]) for version in versions} == {(1, "v1"), (2, "v2")}
    assert [(release.version, release.number) for release in tracking.releases()] == [("v2", 2), ("v1", 1)]


def test_logging_moves_no_alias(tracking: MlflowTracking, tmp_path: Path) -> None:
    tracking.log_release(*_folder(tmp_path, "v1"))
    assert tracking.champion() is None
    tracking.set_champion("v1")
    tracking.log_release(*_folder(tmp_path, "v2"))
    assert tracking.champion() == "v1"
    tracking.set_champion("v2")
    assert tracking.champion() == "v2"
    tracking.set_champion("v1")
    assert tracking.champion() == "v1"


def _aliases(tracking: MlflowTracking) -> dict[str, str]:
    """Number of the release's version by alias."""
    aliases: dict[str, str] = tracking.client.get_registered_model(RELEASE_MODEL).aliases
    return aliases


def test_a_challenger_is_none_any_more_once_it_is_the_champion(tracking: MlflowTracking, tmp_path: Path) -> None:
    for version in ("v1", "v2"):
        tracking.log_release(*_folder(tmp_path, version))
        tracking.set_challenger(version)
    assert _aliases(tracking) == {CHALLENGER: "2"}
    tracking.set_champion("v1")
    assert _aliases(tracking) == {CHALLENGER: "2", CHAMPION: "1"}
    tracking.set_champion("v2")
    assert _aliases(tracking) == {CHAMPION: "2"}


def test_a_challenger_that_is_discarded_leaves_no_alias(tracking: MlflowTracking, tmp_path: Path) -> None:
    for version in ("v1", "v2"):
        tracking.log_release(*_folder(tmp_path, version))
    tracking.set_champion("v1")
    tracking.set_challenger("v2")
    tracking.discard("v2")
    assert _aliases(tracking) == {CHAMPION: "1"}
    assert [release.version for release in tracking.releases()] == ["v1"]


def test_a_decision_is_tagged_drawn_and_attached(tracking: MlflowTracking, tmp_path: Path, artifacts: Any) -> None:
    tracking.log_release(*_folder(tmp_path, "v1"))
    figures: dict[str, Any] = {
        "hybrid": {"ndcg@10": 0.4},
        "taste": {"algorithm": "als", "low": 0.1},
        "ratio": {"high": None},
    }
    tracking.log_decision({"gate.outcome": "accepted"}, figures, version="v1")
    tracking.log_decision({"gate.outcome": "refused"}, figures, metrics=figures["hybrid"], report="<p>why")
    runs = tracking.client.search_runs([tracking.experiment()], "tags.`gate.outcome` != ''")
    refused, accepted = sorted(runs, key=lambda run: run.data.tags["gate.outcome"], reverse=True)
    decided = {"gate.hybrid.ndcg_at_10": 0.4, "gate.taste.low": 0.1}
    assert accepted.data.metrics == {"ndcg_at_10": 0.5, "recall_at_10": 0.75, **decided}
    assert refused.data.metrics == {"ndcg_at_10": 0.4, **decided}
    assert refused.info.status == "FINISHED"
    assert [artifacts(run.info.run_id).count("decision.json") for run in runs] == [1, 1]
    assert artifacts(refused.info.run_id).count("report.html") == 1


def test_promoting_what_is_not_registered_is_refused(tracking: MlflowTracking) -> None:
    with pytest.raises(NotFound, match="v9"):
        tracking.set_champion("v9")


def test_forgetting_takes_versions_and_artifacts_and_keeps_what_was_measured(
    tracking: MlflowTracking, tmp_path: Path, artifacts: Any
) -> None:
    for version in ("v1", "v2", "v3"):
        tracking.log_release(*_folder(tmp_path, version))
    tracking.set_champion("v1")
    tracking.keep_only({"v3"})
    assert [release.version for release in tracking.releases()] == ["v3", "v1"]
    assert tracking.champion() == "v1"
    client = tracking.client
    kept = client.search_model_versions("name='recstack-als'")
    assert {version.tags["release"] for version in kept} == {"v1", "v3"}
    assert artifacts(kept[0].run_id)
    runs = client.search_runs([tracking.experiment()], "tags.release = 'v2'")
    assert len(runs) == 3
    assert [artifacts(run.info.run_id) for run in runs] == [[], [], []]
    assert {run.data.metrics["ndcg_at_10"] for run in runs} == {0.25, 0.5}


def test_a_failed_upload_leaves_no_release_and_no_artifacts(
    tracking: MlflowTracking, tmp_path: Path, artifacts: Any
) -> None:
    folder, manifest = _folder(tmp_path, "v1")
    (folder / "hybrid" / "array.npy").unlink()
    (folder / "hybrid" / "array.npy").symlink_to("nowhere")
    with pytest.raises(FileNotFoundError):
        tracking.log_release(folder, manifest)
    assert tracking.releases() == []
    runs = _runs(tracking)
    assert (runs["release"].info.status, runs["hybrid"].info.status) == ("FAILED", "FAILED")
    tracking.keep_only(set())
    assert [artifacts(run.info.run_id) for run in runs.values()] == [[], [], []]


def test_runs_that_a_crash_left_open_are_ended_and_emptied(
    tracking: MlflowTracking, tmp_path: Path, artifacts: Any
) -> None:
    run = tracking.client.create_run(tracking.experiment()).info.run_id
    (tmp_path / "half.npy").write_bytes(b"half")
    tracking.client.log_artifact(run, str(tmp_path / "half.npy"))
    assert tracking.clear_abandoned() == 1
    assert tracking.client.get_run(run).info.status == "KILLED"
    assert artifacts(run) == []
    assert tracking.clear_abandoned() == 0


def test_a_deleted_experiment_is_restored(tracking: MlflowTracking) -> None:
    experiment = tracking.experiment()
    tracking.client.delete_experiment(experiment)
    assert tracking.experiment() == experiment
    assert tracking.client.get_experiment_by_name(EXPERIMENT).lifecycle_stage == "active"


def test_an_absent_server_is_named_without_its_password(free_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(Unavailable, match=f"MLflow at http://127.0.0.1:{free_tcp_port}: it does not answer") as refused:
        MlflowTracking(f"http://trainer:hunter2@127.0.0.1:{free_tcp_port}").experiment()
    assert refused.value.dependency == "mlflow"
    assert "hunter2" not in refused.value.detail


def test_the_alias_in_rest_is_the_one_that_was_set(tracking: MlflowTracking, mlflow_url: str, tmp_path: Path) -> None:
    tracking.log_release(*_folder(tmp_path, "v1"))
    tracking.set_champion("v1")
    answer = httpx.get(
        f"{mlflow_url}/api/2.0/mlflow/registered-models/alias",
        params={"name": RELEASE_MODEL, "alias": CHAMPION},
        trust_env=False,
    )
    assert json.loads(answer.text)["model_version"]["version"] == "1"
