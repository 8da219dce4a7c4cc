from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys import release as release_module
from recsys.algorithms.base import TrainingData
from recsys.algorithms.hybrid import Hybrid, HybridConfig
from recsys.algorithms.popularity import Popularity
from recsys.algorithms.registry import create
from recsys.domain import Algorithm
from recsys.errors import ArtifactCorrupt, NotFound
from recsys.manifest import MANIFEST, Manifest, read_manifest, sha256_of, verify_files
from recsys.release import (
    Release,
    list_releases,
    load_release,
    new_version,
    read_report,
    remove_leftovers,
    remove_release,
    verify_release,
    write_release,
)
from recsys.testing.worlds import small_world, training_data

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ESCAPES = ["..", ".", "../v1", "v1/../v1", "/etc", "", ".v1.writing", "v" * 65, "v1\n", "v\x00"]


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return training_data(small_world())


@pytest.fixture
def release(data: TrainingData) -> Release:
    models = {name: create(name).fit(data) for name in (Algorithm.POPULARITY, Algorithm.ITEM_BASED)}
    hybrid = Hybrid(HybridConfig({"popularity": 0.25, "item_based": 0.75})).bind(models)
    return Release(
        version="v1",
        created_at=NOW,
        user_ids=data.user_ids,
        item_ids=data.item_ids,
        histories=data.histories,
        models={**models, Algorithm.HYBRID: hybrid},
        metrics={"hybrid": {"ndcg@10": 0.5}},
        snapshot={"events": 7, "weights": {"view": 1.0}},
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)


def test_what_is_loaded_scores_as_what_was_written(tmp_path: Path, release: Release) -> None:
    write_release(tmp_path, release)
    loaded = load_release(tmp_path, "v1")
    histories = release.histories.rows(np.arange(5, dtype=np.int32))
    for name, model in release.models.items():
        assert np.array_equal(loaded.models[name].fold_in(histories), model.fold_in(histories))
    assert np.array_equal(loaded.user_ids, release.user_ids)
    assert np.array_equal(loaded.item_ids, release.item_ids)
    assert (loaded.histories.weights != release.histories.weights).nnz == 0
    assert np.array_equal(loaded.histories.last_at, release.histories.last_at)
    assert (loaded.histories.ratings != release.histories.ratings).nnz == 0
    assert (loaded.version, loaded.created_at) == ("v1", NOW)
    assert loaded.metrics["hybrid"] == {"ndcg@10": 0.5}
    assert loaded.snapshot == {"events": 7, "weights": {"view": 1.0}}


def test_arrays_are_mapped_and_not_copied(tmp_path: Path, release: Release) -> None:
    write_release(tmp_path, release)
    loaded = load_release(tmp_path, "v1")
    for array in (loaded.user_ids, loaded.item_ids, loaded.histories.last_at, loaded.histories.weights.data):
        base: Any = array
        while base is not None and not isinstance(base, np.memmap):
            base = base.base
        assert base is not None
        assert not array.flags.writeable


def test_the_digest_is_that_of_the_manifest(tmp_path: Path, release: Release) -> None:
    assert write_release(tmp_path, release) == sha256_of(tmp_path / "v1" / MANIFEST)


def test_the_manifest_hashes_every_other_file(tmp_path: Path, release: Release) -> None:
    write_release(tmp_path, release)
    manifest = read_manifest(tmp_path, "v1")
    folder = tmp_path / "v1"
    assert set(manifest.files) == {path.relative_to(folder).as_posix() for path in _files(folder)}
    assert manifest.algorithms[Algorithm.HYBRID].settings == {
        "weights": {"popularity": 0.25, "item_based": 0.75},
        "up_to": {},
    }


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove", "replace_by_folder"])
def test_a_damaged_file_is_named(tmp_path: Path, release: Release, damage: str) -> None:
    write_release(tmp_path, release)
    path = tmp_path / "v1" / "histories" / "weights.data.npy"
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[-3] ^= 1
        path.write_bytes(content)
    elif damage == "truncate":
        path.write_bytes(content[:-8])
    else:
        path.unlink()
    if damage == "replace_by_folder":
        path.mkdir()
    for check in (verify_release, load_release):
        with pytest.raises(ArtifactCorrupt, match=r"weights\.data\.npy does not match its hash"):
            check(tmp_path, "v1")


def test_a_damaged_file_is_an_error_without_verification_too(tmp_path: Path, release: Release) -> None:
    write_release(tmp_path, release)
    path = tmp_path / "v1" / "user_ids.npy"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ArtifactCorrupt, match="v1 cannot be loaded"):
        load_release(tmp_path, "v1", verify=False)


@pytest.mark.parametrize("keep", [0, 1, 100, -3])
def test_a_truncated_manifest_is_corrupt(tmp_path: Path, release: Release, keep: int) -> None:
    write_release(tmp_path, release)
    path = tmp_path / "v1" / MANIFEST
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ArtifactCorrupt, match="manifest of release v1"):
        load_release(tmp_path, "v1")


@pytest.mark.parametrize(
    "change",
    [
        {"version": "v2"},
        {"format": 3},
        {"created_at": "yesterday"},
        {"files": None},
        {"algorithms": {"astrology": {"settings": {}, "metrics": {}}}},
        {"algorithms": {"als": "good"}},
        {"snapshot": 3},
    ],
)
def test_a_manifest_of_something_else_is_corrupt(tmp_path: Path, release: Release, change: dict[str, Any]) -> None:
    write_release(tmp_path, release)
    path = tmp_path / "v1" / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ArtifactCorrupt):
        read_manifest(tmp_path, "v1")


def test_a_manifest_that_is_a_list_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / MANIFEST).write_text("[]")
    with pytest.raises(ArtifactCorrupt):
        read_manifest(tmp_path, "v1")


@pytest.mark.parametrize("version", ["v1", *ESCAPES])
def test_a_version_that_is_not_there_is_not_found(tmp_path: Path, version: str) -> None:
    releases = tmp_path / "releases"
    releases.mkdir()
    (tmp_path / MANIFEST).write_text("{}")
    for call in (read_manifest, load_release, verify_release):
        with pytest.raises(NotFound):
            call(releases, version)


@pytest.mark.parametrize("version", ESCAPES)
def test_no_version_leads_out_of_the_folder(tmp_path: Path, release: Release, version: str) -> None:
    releases = tmp_path / "releases"
    releases.mkdir()
    with pytest.raises(NotFound):
        write_release(releases, replace(release, version=version))
    with pytest.raises(NotFound):
        remove_release(releases, version)
    assert [path.name for path in tmp_path.rglob("*")] == ["releases"]


def test_a_failed_write_leaves_nothing(tmp_path: Path, release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Popularity, folder: Path) -> None:
        (folder / "half.npy").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Popularity, "save", full)
    with pytest.raises(OSError, match="No space left"):
        write_release(tmp_path, release)
    assert list(tmp_path.iterdir()) == []


def test_a_release_is_never_overwritten(tmp_path: Path, release: Release) -> None:
    digest = write_release(tmp_path, release)
    with pytest.raises(OSError, match="not empty"):
        write_release(tmp_path, replace(release, snapshot={}))
    assert sha256_of(tmp_path / "v1" / MANIFEST) == digest
    assert [path.name for path in tmp_path.iterdir()] == ["v1"]


def test_every_file_is_flushed_before_the_folder_is_visible(
    tmp_path: Path, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[Path, bool]] = []
    flush = release_module.flush

    def record(path: Path) -> None:
        flushed.append((path, (tmp_path / "v1").exists()))
        flush(path)

    monkeypatch.setattr(release_module, "flush", record)
    write_release(tmp_path, release)
    hidden = tmp_path / ".v1.writing"
    before = {path for path, visible in flushed if not visible}
    assert {hidden / path.relative_to(tmp_path / "v1") for path in (tmp_path / "v1").rglob("*")} | {hidden} == before
    assert flushed[-1] == (tmp_path, True)


def test_a_metric_that_is_no_number_is_refused(tmp_path: Path, release: Release) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_release(tmp_path, replace(release, metrics={"hybrid": {"ndcg@10": float("nan")}}))
    assert list(tmp_path.iterdir()) == []


def test_lists_whole_releases_only(tmp_path: Path, release: Release) -> None:
    assert list_releases(tmp_path / "absent") == []
    for version in ("20260302-000000-0000", "20260301-000000-ffff"):
        write_release(tmp_path, replace(release, version=version))
    (tmp_path / ".20260303-000000-0000.writing").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "readme.txt").write_text("")
    assert list_releases(tmp_path) == ["20260301-000000-ffff", "20260302-000000-0000"]


def test_leftovers_of_a_crash_go_and_releases_stay(tmp_path: Path, release: Release) -> None:
    write_release(tmp_path, release)
    for name in (".v0.writing", ".v0.1234.removing"):
        (tmp_path / name / "als").mkdir(parents=True)
        (tmp_path / name / "als" / "half.npy").write_bytes(b"half")
    assert sorted(remove_leftovers(tmp_path)) == [".v0.1234.removing", ".v0.writing"]
    assert [path.name for path in tmp_path.iterdir()] == ["v1"]


def test_who_has_mapped_a_release_keeps_it_when_it_goes(tmp_path: Path, release: Release) -> None:
    write_release(tmp_path, release)
    loaded = load_release(tmp_path, "v1")
    remove_release(tmp_path, "v1")
    assert list(tmp_path.iterdir()) == []
    histories = release.histories.rows(np.arange(3, dtype=np.int32))
    expected = release.models[Algorithm.HYBRID].fold_in(histories)
    assert np.array_equal(loaded.models[Algorithm.HYBRID].fold_in(histories), expected)
    remove_release(tmp_path, "v1")


def test_loading_while_releases_are_removed_gives_one_whole_or_not_found(tmp_path: Path, release: Release) -> None:
    versions = [f"v{number}" for number in range(40)]
    for version in versions:
        write_release(tmp_path, replace(release, version=version))
    removed = threading.Event()

    def remove_all() -> None:
        for version in versions:
            remove_release(tmp_path, version)
        removed.set()

    remover = threading.Thread(target=remove_all)
    remover.start()
    outcomes: set[type] = set()
    while not removed.is_set():
        for version in versions:
            try:
                outcomes.add(type(load_release(tmp_path, version)))
            except NotFound:
                outcomes.add(NotFound)
    remover.join()
    assert outcomes <= {Release, NotFound}
    assert NotFound in outcomes


def test_a_file_that_goes_during_the_load_is_not_found(
    tmp_path: Path, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_release(tmp_path, release)

    def verify_then_lose(folder: Path, manifest: Manifest) -> None:
        verify_files(folder, manifest)
        remove_release(tmp_path, "v1")

    monkeypatch.setattr("recsys.release.verify_files", verify_then_lose)
    with pytest.raises(NotFound, match="v1 was removed"):
        load_release(tmp_path, "v1")


def test_versions_sort_by_time_and_differ_within_a_second() -> None:
    earlier, later = new_version(NOW), new_version(NOW.replace(second=1))
    assert earlier < later
    assert earlier.startswith("20260301-120000-")
    assert len({new_version(NOW) for _ in range(50)}) > 40


def test_hashing_reads_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "zeros"
    path.write_bytes(bytes(3_000_000))
    before = sha256_of(path)
    with path.open("r+b") as file:
        file.seek(2_999_999)
        file.write(b"\x01")
    assert sha256_of(path) != before


def test_the_report_is_read_as_it_was_written_and_hashed_like_every_file(release: Release, tmp_path: Path) -> None:
    page = "<!doctype html>\n<p>1 \u00d7 2\n"
    write_release(tmp_path, replace(release, report=page))
    assert read_report(tmp_path, "v1").decode() == page
    assert read_manifest(tmp_path, "v1").files["report.html"] == sha256_of(tmp_path / "v1" / "report.html")
    assert load_release(tmp_path, "v1").report is None


def test_a_report_that_was_changed_or_taken_away_is_not_shown(release: Release, tmp_path: Path) -> None:
    write_release(tmp_path, replace(release, report="<p>true"))
    (tmp_path / "v1" / "report.html").write_text("<p>false")
    with pytest.raises(ArtifactCorrupt, match=r"report\.html"):
        read_report(tmp_path, "v1")
    (tmp_path / "v1" / "report.html").unlink()
    with pytest.raises(ArtifactCorrupt, match=r"report\.html"):
        read_report(tmp_path, "v1")


def test_without_a_report_there_is_none_to_read(release: Release, tmp_path: Path) -> None:
    write_release(tmp_path, release)
    with pytest.raises(NotFound, match="v1 has no report"):
        read_report(tmp_path, "v1")
    for version in ["v2", *ESCAPES]:
        with pytest.raises(NotFound):
            read_report(tmp_path, version)
