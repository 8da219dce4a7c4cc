from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_generator.behaviour.affinity import charm, interest
from data_generator.truth import FILE_NAME, read_truth, truth_file, write_truth
from data_generator.world import World, draw_world
from recsys.errors import DataRefused


def test_truth_can_be_read_back_and_is_whole(world: World, tmp_path: Path) -> None:
    with truth_file(tmp_path / "state") as draft:
        write_truth(draft, world)
    assert [path.name for path in (tmp_path / "state").iterdir()] == [FILE_NAME]
    with np.load(tmp_path / "state" / FILE_NAME, allow_pickle=False) as truth:
        assert int(truth["seed"]) == world.plan.seed
        assert truth["user_topics"].shape == truth["user_topic_weights_at_end"].shape
        assert np.allclose(truth["user_topic_weights_at_start"].sum(axis=1), 1, atol=1e-5)
        assert len(truth["user_style"]) == world.plan.users
        assert len(truth["item_topic"]) == world.plan.items
        assert truth["category_names"][truth["topic_category"][0]] == "Fitness"


def test_same_plan_same_bytes(world: World, tmp_path: Path) -> None:
    write_truth(tmp_path / "one", world)
    write_truth(tmp_path / "two", draw_world(world.plan))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def _fail_to_load(world: World, folder: Path) -> None:
    with truth_file(folder) as draft:
        write_truth(draft, world)
        raise RuntimeError


def test_a_load_that_fails_leaves_the_old_truth(world: World, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"old")
    with pytest.raises(RuntimeError):
        _fail_to_load(world, tmp_path)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(FILE_NAME, b"old")]


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataRefused, match="RECSTACK_STATE_DIR"), truth_file(tmp_path / "file" / "state"):
        pytest.fail("the folder cannot be made")


def test_a_disk_that_takes_nothing_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match="cannot be written"):
        write_truth(tmp_path / "away" / "truth.npz", world)


def test_what_is_read_back_likes_the_same_things(world: World, tmp_path: Path) -> None:
    write_truth(tmp_path / FILE_NAME, world)
    truth, items = read_truth(tmp_path / FILE_NAME), np.arange(200)
    assert (truth.seed, truth.end) == (world.plan.seed, world.plan.end)
    user, people = 5, world.population
    weights = people.weights(np.array([user]), np.ones(1)).repeat(200, axis=0)
    topics = people.topics[np.full(200, user)]
    suits = interest(topics, weights, world.catalogue.topic[items], world.lexicon.topic_category)
    expected = suits + charm(people, world.catalogue, np.array([user]), items[None])[0]
    assert np.allclose(truth.liking(user, items), expected, atol=1e-5)
    assert expected.std() > 0.3


def test_where_there_is_no_truth_the_refusal_says_why(tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match="imported data has none"):
        read_truth(tmp_path / FILE_NAME)
