from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recsys import forgetting
from recsys.algorithms.base import Histories, IndexArray, TrainingData
from recsys.algorithms.registry import create
from recsys.algorithms.svd import Svd
from recsys.algorithms.user_based import UserBased
from recsys.domain import Algorithm
from recsys.forgetting import erased_rows, finish_rewrites, rewrite_without, without_users
from recsys.manifest import read_manifest, sha256_of
from recsys.release import Release, load_release, read_report, verify_release, write_release
from recsys.testing.releases import VERSION, small_release
from recsys.testing.worlds import small_world, training_data

GONE = (3, 17)
"""Rows."""


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return training_data(small_world())


@pytest.fixture(scope="module")
def release(data: TrainingData) -> Release:
    return small_release(data)


@pytest.fixture(scope="module")
def rest(release: Release) -> Release:
    return without_users(release, np.array(GONE, np.int32))


def erased(release: Release) -> set[int]:
    return {int(release.user_ids[row]) for row in GONE}


def others(release: Release) -> IndexArray:
    return np.setdiff1d(np.arange(len(release.user_ids), dtype=np.int32), GONE)


def test_the_rows_of_the_erased_are_found(release: Release) -> None:
    assert erased_rows(release.user_ids, erased(release).__contains__).tolist() == list(GONE)


def test_a_release_without_them_has_everybody_else_unchanged(release: Release, rest: Release) -> None:
    kept = others(release)
    assert np.array_equal(rest.user_ids, release.user_ids[kept])
    expected = release.histories.rows(kept)
    for mine, theirs in ((rest.histories.weights, expected.weights), (rest.histories.ratings, expected.ratings)):
        assert np.array_equal(mine.toarray(), theirs.toarray())
    assert np.array_equal(rest.histories.last_at, expected.last_at)


def test_nobody_is_left_out_of_a_release_without_erased_users(release: Release) -> None:
    assert without_users(release, np.empty(0, np.int32)) is release


def test_an_erased_user_is_nobodys_neighbour(release: Release, rest: Release) -> None:
    """As if the neighbour had never been: the scores are those of the sum over the others."""
    before, after = release.models[Algorithm.USER_BASED], rest.models[Algorithm.USER_BASED]
    assert isinstance(before, UserBased)
    assert isinstance(after, UserBased)
    themselves = release.histories.rows(np.array(GONE, np.int32))
    near = before.neighbours(themselves).toarray()
    assert all(near[number, row] > 0 for number, row in enumerate(GONE))
    assert after.neighbours(themselves).shape == (len(GONE), len(release.user_ids) - len(GONE))
    assert not np.allclose(after.fold_in(themselves), before.fold_in(themselves))
    assert np.array_equal(after.users.toarray(), before.users[others(release)].toarray())
    assert np.array_equal(after.compared.toarray(), before.compared[:, others(release)].toarray())


def test_the_hybrid_asks_the_models_that_forgot(data: TrainingData) -> None:
    models = {Algorithm.USER_BASED: create(Algorithm.USER_BASED).fit(data)}
    models[Algorithm.HYBRID] = create(Algorithm.HYBRID, {"weights": {"user_based": 1.0}}).bind(models)  # type: ignore[attr-defined]
    whole = Release(VERSION, small_world().end, data.user_ids, data.item_ids, data.histories, models)
    rest = without_users(whole, np.array(GONE, np.int32))
    asked = rest.models[Algorithm.HYBRID].components[Algorithm.USER_BASED.value]  # type: ignore[attr-defined]
    assert asked is rest.models[Algorithm.USER_BASED]
    assert asked is not models[Algorithm.USER_BASED]


def test_vectors_of_who_rated_go_with_them(data: TrainingData) -> None:
    model = create(Algorithm.SVD, {"variant": "biased", "factors": 2}).fit(data)
    kept = np.setdiff1d(np.arange(len(data.user_ids), dtype=np.int32), GONE)
    rest = model.of_users(kept)
    assert isinstance(model, Svd)
    assert isinstance(rest, Svd)
    assert model.ratings is not None
    assert rest.ratings is not None
    assert np.array_equal(rest.ratings.users, model.ratings.users[kept])


class TestRewriting:
    @pytest.fixture
    def folder(self, release: Release, tmp_path: Path) -> Path:
        from dataclasses import replace

        write_release(tmp_path, replace(release, report="<html>a page</html>"))
        return tmp_path

    def test_the_files_hold_everybody_else(self, folder: Path, release: Release, rest: Release) -> None:
        rewritten = rewrite_without(folder, VERSION, erased(release).__contains__)
        assert rewritten is not None
        assert rewritten.users == len(GONE)
        loaded = load_release(folder, VERSION)
        assert np.array_equal(loaded.user_ids, rest.user_ids)
        probe = Histories.empty(1, len(release.item_ids))
        for name, model in loaded.models.items():
            assert np.array_equal(model.fold_in(probe), rest.models[name].fold_in(probe))

    def test_the_manifest_is_new_and_right(self, folder: Path, release: Release) -> None:
        before = read_manifest(folder, VERSION)
        rewritten = rewrite_without(folder, VERSION, erased(release).__contains__)
        after = read_manifest(folder, VERSION)
        assert rewritten is not None
        assert rewritten.manifest_sha256 == sha256_of(folder / VERSION / "manifest.json")
        assert after.files.keys() == before.files.keys()
        assert {name for name in after.files if after.files[name] != before.files[name]} == set(rewritten.changed)
        assert "user_ids.npy" in rewritten.changed
        assert not any(name.startswith(("als/", "item_based/")) for name in rewritten.changed)
        assert (after.created_at, after.snapshot, after.algorithms) == (
            before.created_at,
            before.snapshot,
            before.algorithms,
        )
        verify_release(folder, VERSION)

    def test_the_page_of_the_training_stays(self, folder: Path, release: Release) -> None:
        rewrite_without(folder, VERSION, erased(release).__contains__)
        assert read_report(folder, VERSION) == b"<html>a page</html>"

    def test_no_file_that_stays_knows_them(self, folder: Path, release: Release) -> None:
        rewrite_without(folder, VERSION, erased(release).__contains__)
        assert [path.name for path in folder.iterdir()] == [VERSION]
        ids = np.load(folder / VERSION / "user_ids.npy")
        assert not erased(release) & set(ids.tolist())

    def test_without_erased_users_nothing_is_written(self, folder: Path) -> None:
        before = (folder / VERSION).stat()
        assert rewrite_without(folder, VERSION, lambda _: False) is None
        assert (folder / VERSION).stat() == before

    def test_a_crash_between_the_folders_is_mended(
        self, folder: Path, release: Release, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def crash(releases: Path, version: str) -> None:
            del releases, version
            raise OSError("power cut")

        with monkeypatch.context() as patched:
            patched.setattr(forgetting, "remove_release", crash)
            with pytest.raises(OSError, match="power cut"):
                rewrite_without(folder, VERSION, erased(release).__contains__)
        assert len(load_release(folder, VERSION).user_ids) == len(release.user_ids)
        assert finish_rewrites(folder) == [VERSION]
        assert not erased(release) & set(load_release(folder, VERSION).user_ids.tolist())
        assert finish_rewrites(folder) == []

    def test_a_full_disk_leaves_the_old_release(
        self, folder: Path, release: Release, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(folder: Path, release: Release) -> None:
            del folder, release
            raise OSError("No space left on device")

        monkeypatch.setattr(forgetting, "save_parts", full)
        with pytest.raises(OSError, match="space"):
            rewrite_without(folder, VERSION, erased(release).__contains__)
        assert [path.name for path in folder.iterdir()] == [VERSION]
        verify_release(folder, VERSION)
