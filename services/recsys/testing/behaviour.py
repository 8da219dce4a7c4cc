"""What every algorithm promises, as tests: a new one is tested by a subclass of three lines.

class TestMine(PersonalBehaviour):
    algorithm = Algorithm.MINE
    settings = {"neighbours": 50}
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender, TrainingData
from recsys.algorithms.ratings import BiasedFactors
from recsys.algorithms.registry import ALGORITHMS, create, load_models
from recsys.arrays import load_array
from recsys.domain import Algorithm
from recsys.evaluation.judge import judge, judgement
from recsys.evaluation.leak import peeking
from recsys.evaluation.ranking import rank
from recsys.evaluation.splits import judged_users, relevant_items, time_split
from recsys.preferences import Events, to_histories
from recsys.settings import EventWeights
from recsys.testing.histories import data_of, frozen, histories_of, permuted
from recsys.testing.worlds import SmallWorld, small_world, training_data, world_events


def assert_close(actual: FloatArray | None, expected: FloatArray | None) -> None:
    """Equal but for the rounding of float32 sums in another order."""
    assert actual is not None
    assert expected is not None
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


class RecommenderBehaviour:
    """Promises of every algorithm, the impersonal ones too."""

    algorithm: ClassVar[Algorithm]
    settings: ClassVar[dict[str, Any]] = {}
    permutation_error: ClassVar[float] = 1e-4
    """How much the scores may depend on the order of users or items, as a share of their size."""
    better_than_chance: ClassVar[float] = 3.0
    """NDCG@10 on the world's time split, as a multiple of the mean of random lists."""

    @classmethod
    def make(cls) -> Recommender:
        return create(cls.algorithm, cls.settings)

    def save(self, model: Recommender, folder: Path) -> None:
        (folder / model.name.value).mkdir()
        model.save(folder / model.name.value)

    def load(self, folder: Path) -> Recommender:
        names = [Algorithm(path.name) for path in folder.iterdir()]
        return load_models(folder, names)[self.algorithm]

    @pytest.fixture(scope="class")
    @classmethod
    def world(cls) -> SmallWorld:
        return small_world()

    @pytest.fixture(scope="class")
    @classmethod
    def data(cls, world: SmallWorld) -> TrainingData:
        return training_data(world)

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, data: TrainingData) -> Recommender:
        return cls.make().fit(data)

    @pytest.fixture
    def saved(self, model: Recommender, tmp_path: Path) -> Path:
        folder = tmp_path / "release"
        folder.mkdir()
        self.save(model, folder)
        return folder

    # --- identity ---

    def test_is_registered_under_its_name(self) -> None:
        assert ALGORITHMS[self.algorithm].name is self.algorithm

    def test_settings_survive_json(self) -> None:
        model = self.make()
        assert type(model.config)(**json.loads(json.dumps(model.settings))) == model.config

    def test_config_is_frozen(self) -> None:
        config = self.make().config
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(config, dataclasses.fields(config)[0].name, None)

    def test_an_unknown_setting_is_refused(self) -> None:
        with pytest.raises(TypeError, match="colour"):
            create(self.algorithm, {"colour": "blue"})

    # --- fitting ---

    def test_fit_returns_the_model(self, data: TrainingData) -> None:
        model = self.make()
        assert model.fit(data) is model

    def test_fit_is_deterministic(self, model: Recommender, data: TrainingData) -> None:
        np.testing.assert_array_equal(self.make().fit(data).fold_in(data.histories), model.fold_in(data.histories))

    def test_fit_leaves_the_data_as_it_is(self, world: SmallWorld) -> None:
        data = training_data(world)
        frozen(data.histories)
        self.make().fit(data)

    def test_fits_one_user_and_one_item(self) -> None:
        self._assert_sound(data_of(histories_of([{0: 1.0}], 1)))

    def test_fits_a_user_who_touched_everything_alike(self) -> None:
        self._assert_sound(data_of(histories_of([dict.fromkeys(range(6), 1.0)] * 5, 6)))

    def test_fits_without_any_event(self) -> None:
        self._assert_sound(data_of(Histories.empty(3, 4)))

    def test_fits_dislikes_alone(self) -> None:
        self._assert_sound(data_of(histories_of([{0: -4.0, 1: -2.0}, {1: -4.0}], 3)))

    def test_fits_texts_without_words(self) -> None:
        self._assert_sound(data_of(histories_of([{0: 1.0}, {0: 2.0, 1: 1.0}], 3), ["", "the", "!"]))

    def _assert_sound(self, data: TrainingData) -> None:
        model = self.make().fit(data)
        n_items = len(data.item_ids)
        scores = model.fold_in(data.histories)
        assert scores.shape == (len(data.user_ids), n_items)
        assert np.isfinite(scores).all()
        assert np.isfinite(model.similar(np.arange(n_items, dtype=np.int32))).all()

    # --- scoring ---

    def test_scores_have_the_catalogues_shape(self, model: Recommender, data: TrainingData) -> None:
        scores = model.fold_in(data.histories)
        assert scores.shape == data.histories.weights.shape
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()

    def test_a_batch_scores_as_its_users_alone(self, model: Recommender, data: TrainingData) -> None:
        alone = [model.fold_in(data.histories.rows(only(user))) for user in range(0, 110, 10)]
        assert_close(np.vstack(alone), model.fold_in(data.histories)[0:110:10])

    def test_a_batch_keeps_its_order(self, model: Recommender, data: TrainingData) -> None:
        order = np.random.default_rng(1).permutation(len(data.user_ids)).astype(np.int32)
        scores = model.fold_in(data.histories.rows(order))
        assert_close(scores, model.fold_in(data.histories)[order])

    def test_a_trained_user_scores_as_folded_in(self, model: Recommender, data: TrainingData) -> None:
        users = np.array([3, 50, 97], np.int32)
        rows = data.histories.rows(users)
        assert_close(model.score(users, rows), model.fold_in(rows))

    def test_an_empty_batch_is_answered(self, model: Recommender, data: TrainingData) -> None:
        n_items = len(data.item_ids)
        assert model.fold_in(Histories.empty(0, n_items)).shape == (0, n_items)

    def test_empty_histories_all_score_alike(self, model: Recommender, data: TrainingData) -> None:
        scores = model.fold_in(Histories.empty(2, len(data.item_ids)))
        assert np.isfinite(scores).all()
        np.testing.assert_array_equal(scores[0], scores[1])

    def test_an_empty_history_beside_a_full_one_changes_nothing(self, model: Recommender, data: TrainingData) -> None:
        rows = histories_of([{}, {3: 2.0}, {}], len(data.item_ids))
        assert_close(model.fold_in(rows)[1], model.fold_in(rows.rows(only(1)))[0])

    def test_histories_are_only_read(self, model: Recommender, world: SmallWorld) -> None:
        rows = frozen(training_data(world).histories.rows(np.array([1, 2], np.int32)))
        model.fold_in(rows)
        model.parts(rows)
        model.explain(frozen(rows.rows(only(0))), np.array([0, 5], np.int32))

    def test_scores_are_the_callers_own(self, model: Recommender, data: TrainingData) -> None:
        rows = data.histories.rows(only(4))
        first = model.fold_in(rows)
        kept = first.copy()
        first[:] = -7
        np.testing.assert_array_equal(model.fold_in(rows), kept)

    def test_extreme_weights_stay_finite(self, model: Recommender, data: TrainingData) -> None:
        rows = histories_of([{0: 1e6, 1: -1e6}, {2: 1e-3, 3: -1e-3}], len(data.item_ids))
        assert np.isfinite(model.fold_in(rows)).all()

    def test_threads_may_share_it(self, model: Recommender, data: TrainingData) -> None:
        rows = [data.histories.rows(only(user)) for user in range(24)]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(model.fold_in, rows))
        np.testing.assert_array_equal(np.vstack(together), np.vstack([model.fold_in(row) for row in rows]))

    def test_parts_add_up_to_the_score(self, model: Recommender, data: TrainingData) -> None:
        summed = sum_of(model.parts(data.histories).values())
        assert_close(summed, model.fold_in(data.histories))

    def test_its_spread_is_about_that_of_its_scores(self, model: Recommender, data: TrainingData) -> None:
        rows = data.histories.rows(np.flatnonzero(np.diff(data.histories.weights.indptr)).astype(np.int32))
        deviations = model.fold_in(rows).std(axis=1) * model.spread.units(np.diff(rows.weights.indptr))
        assert 0.8 < np.median(deviations) < 1.25

    # --- order of rows and columns ---

    def test_the_order_of_users_does_not_matter(self, model: Recommender, data: TrainingData) -> None:
        users = np.random.default_rng(2).permutation(len(data.user_ids)).astype(np.int32)
        items = np.arange(len(data.item_ids), dtype=np.int32)
        moved = self.make().fit(permuted(data, users, items)).fold_in(data.histories)
        assert _error(moved, model.fold_in(data.histories)) <= self.permutation_error

    def test_the_order_of_items_does_not_matter(self, model: Recommender, data: TrainingData) -> None:
        users = np.arange(len(data.user_ids), dtype=np.int32)
        items = np.random.default_rng(3).permutation(len(data.item_ids)).astype(np.int32)
        shuffled = permuted(data, users, items)
        moved = self.make().fit(shuffled).fold_in(shuffled.histories)
        assert _error(moved, model.fold_in(data.histories)[:, items]) <= self.permutation_error

    # --- on disk ---

    def test_a_loaded_model_scores_the_same(self, model: Recommender, saved: Path, data: TrainingData) -> None:
        np.testing.assert_array_equal(self.load(saved).fold_in(data.histories), model.fold_in(data.histories))

    def test_a_loaded_model_finds_the_same_items_similar(self, model: Recommender, saved: Path) -> None:
        items = np.array([0, 40, 119], np.int32)
        np.testing.assert_array_equal(self.load(saved).similar(items), model.similar(items))

    def test_some_items_score_as_among_all(self, model: Recommender, data: TrainingData) -> None:
        rows = data.histories.rows(np.array([0, 7, len(data.user_ids) - 1], np.int32))
        items = np.array([119, 0, 50], np.int32)
        assert_close(model.score_items(rows, items), model.fold_in(rows)[:, items])

    def test_a_loaded_model_explains_the_same(self, model: Recommender, saved: Path, data: TrainingData) -> None:
        history, items = data.histories.rows(only(7)), np.array([2, 60], np.int32)
        before, after = model.explain(history, items), self.load(saved).explain(history, items)
        assert (before is None) == (after is None)
        if before is not None and after is not None:
            np.testing.assert_array_equal(after, before)

    def test_the_config_survives(self, model: Recommender, saved: Path) -> None:
        assert self.load(saved).config == model.config

    def test_saves_arrays_and_json_only(self, saved: Path) -> None:
        files = [path for path in saved.rglob("*") if path.is_file()]
        assert {path.suffix for path in files} <= {".npy", ".json"}
        for path in files:
            if path.suffix == ".npy":
                assert load_array(path.parent, path.stem).dtype != object

    def test_saving_twice_writes_the_same_bytes(self, model: Recommender, saved: Path, tmp_path: Path) -> None:
        again = tmp_path / "again"
        again.mkdir()
        self.save(model, again)
        assert _contents(again) == _contents(saved)

    def test_a_loaded_model_can_be_saved(self, saved: Path, tmp_path: Path) -> None:
        again = tmp_path / "again"
        again.mkdir()
        self.save(self.load(saved), again)
        assert _contents(again) == _contents(saved)

    def test_large_arrays_are_mapped_read_only(self, saved: Path) -> None:
        arrays = list(_arrays_in(self.load(saved)))
        assert arrays
        assert not any(array.flags.writeable for array in arrays if array.size)

    # --- items ---

    def test_similar_covers_the_catalogue(self, model: Recommender, data: TrainingData) -> None:
        near = model.similar(np.array([4, 9], np.int32))
        assert near.shape == (2, len(data.item_ids))
        assert near.dtype == np.float32
        assert np.isfinite(near).all()

    def test_an_item_is_most_similar_to_itself(self, model: Recommender, data: TrainingData) -> None:
        items = np.arange(len(data.item_ids), dtype=np.int32)
        near = model.similar(items)
        assert (np.diag(near) >= near.max(axis=1) - 1e-4).all()

    # --- honesty ---

    def test_does_not_peek_at_the_future(self, world: SmallWorld) -> None:
        events = world_events(world)
        cut = float(time_split(events, test_share=0.2).test.at.min())

        def fit(record: Events) -> tuple[TrainingData, dict[str, Recommender]]:
            train = record.where(record.at < cut)
            n_users, n_items = len(world.users), len(world.items)
            histories = to_histories(train, n_users=n_users, n_items=n_items, weights=EventWeights())
            data = dataclasses.replace(training_data(world), histories=histories, as_of=float(train.at.max()))
            return data, {self.algorithm.value: self.make().fit(data)}

        assert peeking(fit, events, cut) == []

    # --- quality ---

    def test_beats_chance(self, world: SmallWorld) -> None:
        split = time_split(world_events(world), test_share=0.2)
        n_users, n_items = len(world.users), len(world.items)
        train = to_histories(split.train, n_users=n_users, n_items=n_items, weights=EventWeights())
        relevant = relevant_items(split.test, train, weights=EventWeights())
        users = judged_users(relevant)
        model = self.make().fit(dataclasses.replace(training_data(world), histories=train))
        ours = judge(model, train, relevant, users, ks=(10,)).overall["ndcg@10"]
        drawn = np.random.default_rng(0).random((5, len(users), n_items), np.float32)
        lists = [rank(scores, train.weights[users], 10) for scores in drawn]
        chance = np.mean([judgement(ranked, relevant, users, ks=(10,)).overall["ndcg@10"] for ranked in lists])
        assert ours >= self.better_than_chance * chance


def sum_of(parts: Iterable[FloatArray]) -> FloatArray:
    summed: FloatArray = np.sum([*parts], axis=0)
    return summed


def only(user: int) -> IndexArray:
    return np.array([user], np.int32)


def _error(scores: FloatArray, expected: FloatArray) -> float:
    """The root mean squared difference, as a share of the expected scores' deviation."""
    return float(np.sqrt(np.mean((scores - expected) ** 2)) / max(float(expected.std()), 1e-12))


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _arrays_in(value: object) -> Iterator[NDArray[Any]]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, sparse.csr_array):
        yield from (value.data, value.indices, value.indptr)
    elif isinstance(value, dict):
        for entry in value.values():
            yield from _arrays_in(entry)
    elif isinstance(value, (Recommender, BiasedFactors)):
        yield from _arrays_in(vars(value))
