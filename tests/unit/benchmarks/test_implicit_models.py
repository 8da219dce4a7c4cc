"""The library's models get the same questions as the product's, and their lists hold only what may be there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from benchmarks import implicit_models
from benchmarks.implicit_models import GRIDS, Part, fitted, grid, parts, tune
from model_trainer.benchmark.dataset import Dataset, assemble
from model_trainer.benchmark.files import Interactions
from model_trainer.benchmark.validation import Validation
from recsys.evaluation.ranking import NO_ITEM


def _camps() -> tuple[Interactions, Interactions]:
    """Two camps of users keep to their own ten items; two of each user's are held out."""
    rng = np.random.default_rng(1)
    rows = [
        (f"u{user}", f"i{10 * (user % 2) + item}", place < 6)
        for user in range(30)
        for place, item in enumerate(rng.permutation(10)[:8])
    ]
    return tuple(  # type: ignore[return-value]
        Interactions(
            np.array([u for u, _, kept in rows if kept is known]),
            np.array([i for _, i, kept in rows if kept is known]),
            None,
            None,
        )
        for known in (True, False)
    )


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return assemble(*_camps(), texts={"untouched": ""})


def test_twenty_settings_of_each_are_tried() -> None:
    for name in GRIDS:
        tried = [json.dumps(settings) for settings in grid(name)]
        assert len({*tried}) == len(tried) >= 20, name


@pytest.mark.parametrize("name", GRIDS)
def test_lists_hold_each_unknown_item_once_and_nothing_else(name: str, dataset: Dataset) -> None:
    _, final = parts(dataset, Validation.RANDOM, (5,), 0)
    settings = next(iter(grid(name)))
    ranked = final.lists(fitted(name, settings, final.known, 0), final.users)
    for user, row in zip(final.users, ranked.tolist(), strict=True):
        listed = [item for item in row if item != NO_ITEM]
        assert len({*listed}) == len(listed) <= 15
        assert set(listed) <= set(range(21)) - set(final.known[user].indices.tolist())
        assert row == listed + [NO_ITEM] * (len(row) - len(listed))


def test_who_has_no_history_gets_no_list(dataset: Dataset) -> None:
    _, final = parts(dataset, Validation.RANDOM, (5,), 0)
    known = sparse.vstack([final.known[1:], sparse.csr_matrix((1, final.known.shape[1]))]).tocsr()
    last = np.array([known.shape[0] - 1], np.int32)
    ranked = Part(known, final.relevant, last).lists(fitted("cosine", {"K": 5}, known, 0), last)
    assert (ranked == NO_ITEM).all()


def test_the_camp_is_found_by_the_settings_that_find_it_before_the_test(dataset: Dataset) -> None:
    asked, final = parts(dataset, Validation.RANDOM, (5,), 0)
    assert len(asked.users) == 30
    assert asked.known.nnz + asked.relevant.nnz == final.known.nnz
    settings, tried = tune("cosine", iter([{"K": 1}, {"K": 20}]), asked, (5,), 0)
    assert (settings, tried) == ({"K": 20}, 2)
    assert final.figures(fitted("cosine", settings, final.known, 0), (4,))["recall@4"] == 1


def test_it_is_run_with_the_commands_flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / "train.csv", tmp_path / "test.csv"]
    for path, rows in zip(paths, _camps(), strict=True):
        pairs = zip(rows.users.tolist(), rows.items.tolist(), strict=True)
        path.write_text("\n".join(["user_id,item_id", *(f"{user},{item}" for user, item in pairs)]))
    out = tmp_path / "out.json"
    flags = ["--train", str(paths[0]), "--test", str(paths[1]), "--k", "4", "--validation", "random", "--binary"]
    monkeypatch.setattr("sys.argv", ["implicit_models.py", *flags, "--models", "tfidf", "--json", str(out)])
    implicit_models.main()
    row = json.loads(out.read_text())["algorithms"]["tfidf"]
    assert row["recall@4"] > 0.8
    assert row["tried"] == 20
    assert row["seconds"].keys() == {"tune", "fit", "recommend"}
