from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from model_trainer.benchmark.cli import DEFAULT
from model_trainer.cli import app

HEADER = "user_id,item_id,value,timestamp"
QUICK = ("--budget", "0", "--k", "5,10")


@pytest.fixture
def split(tmp_path: Path) -> tuple[Path, Path]:
    """Two camps that keep to their own twenty items; what is held out lies in the camp."""
    rng = np.random.default_rng(3)
    train, test = [HEADER], [HEADER]
    for user in range(40):
        items = 20 * (user % 2) + rng.permutation(20)[:12]
        for place, item in enumerate(items):
            (test if place >= 10 else train).append(f"u{user},i{item},{1 + place % 5},{1_000 * user + place}")
    files = tmp_path / "train.csv", tmp_path / "test.csv"
    for path, rows in zip(files, (train, test), strict=True):
        path.write_text("\n".join(rows) + "\n")
    return files


def _run(train: Path, test: Path, *flags: str) -> Result:
    return CliRunner().invoke(app, ["benchmark", "--train", str(train), "--test", str(test), *QUICK, *flags])


def _figures(train: Path, test: Path, folder: Path, *flags: str) -> dict[str, Any]:
    out = folder / "out.json"
    done = _run(train, test, "--json", str(out), *flags)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def test_what_the_camp_likes_is_found_and_everything_is_told(split: tuple[Path, Path], tmp_path: Path) -> None:
    found = _figures(*split, tmp_path)
    assert found["dataset"] == {
        "users": 40,
        "items": 40,
        "train": 400,
        "test": 80,
        "test_users": 40,
        "cold_users": 0,
        "test_items_outside": 0,
        "test_pairs_in_train": 0,
        "test_pairs_not_candidates": 0,
        "validation": "last",
        "seed": 0,
    }
    rows = found["algorithms"]
    assert set(rows) == {name.value for name in DEFAULT} - {"content_based"}
    for name, row in rows.items():
        assert {"recall@5", "ndcg@10", "hit_rate@5", "precision@10", "map@5", "mrr", "coverage@10"} <= row.keys()
        assert row["seconds"].keys() == {"tune", "fit", "recommend"}
        assert row["peak_memory_mb"] > 50
        assert row["settings"], name
    assert rows["item_based"]["recall@10"] == 1
    assert rows["hybrid"]["recall@10"] > rows["popularity"]["recall@10"]
    ahead = rows["hybrid"]["over_best_single"]
    best = max((name for name in rows if name != "hybrid"), key=lambda name: rows[name]["ndcg@5"])
    assert rows[ahead["algorithm"]]["ndcg@5"] == rows[best]["ndcg@5"]
    assert ahead["ndcg@5"]["difference"] == pytest.approx(rows["hybrid"]["ndcg@5"] - rows[best]["ndcg@5"])
    assert ahead["ndcg@5"]["low"] <= ahead["ndcg@5"]["difference"] <= ahead["ndcg@5"]["high"]
    assert sum(rows["hybrid"]["settings"]["weights"].values()) == pytest.approx(1, abs=1e-3)


def test_the_test_file_has_no_say_in_settings_and_weights(split: tuple[Path, Path], tmp_path: Path) -> None:
    train, test = split
    other = tmp_path / "other.csv"
    other.write_text(f"{HEADER}\nu1,i3,5,1\nu2,i30,5,1\nu2,i31,5,1\n")
    settings = [
        {name: row["settings"] for name, row in _figures(train, path, tmp_path, "--seed", "4")["algorithms"].items()}
        for path in (test, other)
    ]
    assert settings[0] == settings[1]


def test_popularity_is_always_there_and_a_hybrid_blends_what_is_not_shown(
    split: tuple[Path, Path], tmp_path: Path
) -> None:
    rows = _figures(*split, tmp_path, "--algorithms", "hybrid")["algorithms"]
    assert set(rows) == {"popularity", "hybrid"}
    assert rows["hybrid"]["recall@10"] > 0.9


def test_ratings_are_predicted_where_values_are_such(split: tuple[Path, Path], tmp_path: Path) -> None:
    rows = _figures(*split, tmp_path, "--algorithms", "svd", "--explicit")["algorithms"]
    assert 0 < rows["svd"]["mae"] <= rows["svd"]["rmse"] < 3
    assert "rmse" not in rows["popularity"]


def test_texts_let_the_content_be_compared(split: tuple[Path, Path], tmp_path: Path) -> None:
    items = tmp_path / "items.csv"
    rows = [f"i{item},{'walnut desk' if item < 20 else 'jazz record'} {item}" for item in range(40)]
    items.write_text("\n".join(["item_id,title", *rows]) + "\n")
    found = _figures(*split, tmp_path, "--items", str(items), "--algorithms", "content_based")["algorithms"]
    assert found["content_based"]["recall@10"] > found["popularity"]["recall@10"]


ODD: dict[str, tuple[list[str], list[str], dict[str, float]]] = {
    "one user, who has all: nothing to rank": (["a,x,1,1", "a,y,1,2"], ["a,z,1,3"], {"ndcg@10": 0, "coverage@10": 0}),
    "one item, of which the new user is told": (
        ["a,x,1,1", "b,x,1,2", "c,x,1,3"],
        ["a,x,1,4", "d,x,1,5"],
        {"ndcg@10": 1 / 2, "mrr": 1 / 2, "precision@5": 1 / 10, "coverage@10": 1},
    ),
    "all alike: one item is left for each": (
        ["a,x,3,1", "a,y,3,1", "b,x,3,1", "b,z,3,1"],
        ["a,z,3,1", "b,y,3,1"],
        {"ndcg@10": 1, "recall@5": 1, "map@10": 1, "precision@10": 1 / 10, "coverage@5": 2 / 3},
    ),
    "repeated rows, a dislike, an unknown item and a new user": (
        ["a,x,1,1"] * 5 + ["b,y,-2,1", "b,x,1,1"],
        ["b,q,1,2", "new,x,1,2"],
        {"ndcg@10": 1 / 2, "mrr": 1 / 2, "hit_rate@5": 1 / 2},
    ),
    "users of one row each, none of which can be held back": (
        ["a,x,1,1", "b,x,1,2", "c,y,1,3"],
        ["a,y,1,4", "c,x,1,5"],
        {"ndcg@10": 1, "coverage@5": 1},
    ),
    "ids that only the test file has": (["a,x,1,1"], ["b,z,1,2"], {"ndcg@10": 0, "recall@10": 0, "coverage@10": 1}),
}


@pytest.mark.parametrize(
    ("name", "validation"), [(name, how) for name in ODD for how in ("auto", "last")] + [([*ODD][-2], "time")]
)
def test_odd_sets_have_the_right_answer(tmp_path: Path, name: str, validation: str) -> None:
    train, test, expected = ODD[name]
    files = tmp_path / "train.csv", tmp_path / "test.csv"
    for path, rows in zip(files, (train, test), strict=True):
        path.write_text("\n".join([HEADER, *rows]) + "\n")
    for algorithm, row in _figures(*files, tmp_path, "--validation", validation)["algorithms"].items():
        assert {metric: row[metric] for metric in expected} == pytest.approx(expected), algorithm


def test_only_the_lengths_that_were_asked_for_are_there_and_the_first_orders_the_table(
    split: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "made" / "for" / "it.json"
    done = _run(*split, "--k", "3,1", "--algorithms", "item_based,popularity", "--json", str(out))
    assert done.exit_code == 0, done.output
    rows = json.loads(out.read_text())["algorithms"]
    assert {name.partition("@")[2] for name in rows["popularity"] if "@" in name} == {"1", "3"}
    shown = [line.split() for line in done.stdout.splitlines() if "─" not in line and line.strip()]
    assert shown[0][:4] == ["algorithm", "ndcg@3", "recall@3", "ndcg@1"]
    assert [line[0] for line in shown[1:]] == ["item_based", "popularity"]
    assert float(shown[1][1]) == pytest.approx(rows["item_based"]["ndcg@3"], abs=1e-4)


def test_errors_of_ratings_count_every_test_row_in_the_files_own_scale(tmp_path: Path) -> None:
    """Everybody always gives 40, which is outside the product's scale; a row of 20 is not liked, yet foreseen wrong."""
    files = tmp_path / "train.csv", tmp_path / "test.csv"
    pairs = [(f"u{user}", f"i{item}") for user in range(6) for item in range(6) if user != item]
    files[0].write_text("\n".join([HEADER, *(f"{user},{item},40,1" for user, item in pairs)]))
    files[1].write_text(f"{HEADER}\nu1,i1,40,1\nu2,i2,20,1\nu3,outside,1,1\n")
    found = _figures(*files, tmp_path, "--algorithms", "svd", "--explicit", "--min-value", "30")
    assert found["dataset"]["test"] == 1
    assert found["algorithms"]["svd"]["mae"] == pytest.approx(10, abs=0.01)
    assert found["algorithms"]["svd"]["rmse"] == pytest.approx(200**0.5, abs=0.01)


def test_a_refusal_leaves_no_empty_figures(split: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert _run(*split, "--algorithms", "ncf,magic", "--json", str(out)).exit_code == 2
    assert _run(split[0], tmp_path / "absent.csv", "--json", str(out)).exit_code == 2
    assert not out.exists()


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--algorithms", "magic"), "'magic' is not a valid Algorithm"),
        (("--k", "ten"), "is no list of lengths"),
        (("--k", "0,10"), "a list has 1 to 1,000 items"),
        (("--budget", "nan"), "--budget nan: a search takes 0 seconds or more"),
        (("--budget", "-1"), "--budget -1: a search takes 0 seconds or more"),
        (("--validation", "random", "--min-value", "9"), "No row of the test file is relevant"),
        (("--json", "/dev/null/out"), "cannot be written"),
        (("--candidates", "/nowhere.csv"), "There is no file nowhere.csv"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_status_2(
    split: tuple[Path, Path], flags: tuple[str, ...], sentence: str
) -> None:
    refused = _run(*split, *flags)
    assert refused.exit_code == 2
    assert sentence in refused.output
    assert "Traceback" not in refused.output


def test_what_cannot_be_fitted_here_is_refused_by_name(
    split: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsys.algorithms.base.find_spec", lambda _: None)
    refused = _run(*split, "--algorithms", "als,ncf")
    assert refused.exit_code == 2
    assert "ncf is trained by keras and jax, which are not installed here" in refused.output


def test_an_empty_train_is_refused(split: tuple[Path, Path], tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text(f"{HEADER}\n")
    refused = _run(empty, split[1])
    assert refused.exit_code == 2
    assert "empty.csv" in refused.output
