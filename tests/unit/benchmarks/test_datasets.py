"""Each public form, in a copy of a few lines, becomes the benchmark command's files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from benchmarks.datasets import DESCRIPTION, Prepared, data_folder, prepare
from benchmarks.public_sets import PUBLIC
from model_trainer.benchmark.files import read_interactions, read_items
from recsys.errors import DataRefused

MOVIE = "1|Café (1995)|01-01-1995||http://example.test|0|1|1"
RATED = "1\t2\t5\t30\n"
SOURCES: dict[str, Mapping[str, str]] = {
    "ml-100k": {
        **{f"u{fold}.{kind}": f"{fold}\t2\t{fold}\t30\n" for fold in range(1, 6) for kind in ("base", "test")},
        "u.data": RATED,
        "u.user": "1|24|M|writer|00000\n",
        "u.genre": "unknown|0\nDrama|1\nWar|2\n",
        "u.item": f"{MOVIE}\n",
    },
    "citeulike-a": {
        "cf-train-10-users.dat": "2 0 2\n0\n",
        "cf-test-10-users.dat": "1 1\n1 0\n",
        "item-tag.dat": "2 0 1\n0\n1 1\n",
        "tags.dat": "gene-map\nethics\n",
    },
    "amazon-beauty": {"sequences.txt": "7 4 5 6\n8 9\n"},
    "anime": {
        "anime_history.dat": "User_ID\tAnime_ID\tFeedback\n" + "".join(f"1\t{item}\t1\n" for item in range(10)),
        "anime_info.dat": "anime_ids\tname\tgenre\ttype\tepisodes\trating\tmembers\n"
        '3\tNA "of" it\tDrama, War\tTV\t1\t9.1\t12\n',
    },
    "ml-latest-small": {
        "ratings.csv": "userId,movieId,rating,timestamp\n"
        + "".join(f"{user},{item},4.5,{item}\n" for user in (1, 2) for item in range(5)),
        "movies.csv": 'movieId,title,genres\n3,"Kid, The (1921)",Drama|War\n4,Bare (2000),(no genres listed)\n',
    },
}


def _prepared(name: str, folder: Path) -> list[Prepared]:
    source = folder / "data" / name
    source.mkdir(parents=True)
    for file, text in SOURCES[name].items():
        (source / file).write_bytes(text.encode("latin-1"))
    return list(prepare(name, folder / "data", folder / "out"))


def _pairs(prepared: Prepared, kind: str) -> Iterator[tuple[str, str]]:
    read = read_interactions(prepared.folder / f"{kind}.parquet")
    return zip(read.users.tolist(), read.items.tolist(), strict=True)


def test_ml_100k_is_five_folds_with_titles_in_latin_1(tmp_path: Path) -> None:
    folds = _prepared("ml-100k", tmp_path)
    assert [fold.description["fold"] for fold in folds] == ["u1", "u2", "u3", "u4", "u5"]
    third = pd.read_parquet(folds[2].folder / "train.parquet").to_dict("list")
    assert third == {"user_id": [3], "item_id": [2], "value": [3], "timestamp": [30]}
    assert read_items(folds[2].folder / "items.parquet") == {"1": "Café (1995) Drama War"}


def test_citeulike_lines_begin_with_their_count(tmp_path: Path) -> None:
    (only,) = _prepared("citeulike-a", tmp_path)
    assert list(_pairs(only, "train")) == [("0", "0"), ("0", "2")]
    assert list(_pairs(only, "test")) == [("0", "1"), ("1", "0")]
    assert read_items(only.folder / "items.parquet") == {"0": "gene-map ethics", "1": "", "2": "ethics"}


def test_a_count_that_is_none_is_refused(tmp_path: Path) -> None:
    _prepared("citeulike-a", tmp_path)
    (tmp_path / "data" / "citeulike-a" / "item-tag.dat").write_text("2 0 1\n3 0\n")
    with pytest.raises(DataRefused, match=r"item-tag\.dat, line 2"):
        list(prepare("citeulike-a", tmp_path / "data", tmp_path / "out"))


def test_the_last_of_a_sequence_is_asked_where_there_is_one_before_it(tmp_path: Path) -> None:
    (only,) = _prepared("amazon-beauty", tmp_path)
    assert list(_pairs(only, "train")) == [("7", "4"), ("7", "5"), ("8", "9")]
    assert list(_pairs(only, "test")) == [("7", "6")]
    order = read_interactions(only.folder / "train.parquet").at
    assert order is not None
    assert order.tolist() == [0, 1, 0]


def test_gowalla_is_read_from_its_matrices(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "gowalla"
    folder.mkdir(parents=True)
    sparse.save_npz(folder / "train.npz", sparse.csr_matrix(np.array([[1.0, 0, 0], [0, 0, 1]])))
    sparse.save_npz(folder / "test.npz", sparse.csr_matrix(np.array([[0.0, 1, 0], [0, 0, 0]])))
    (only,) = prepare("gowalla", tmp_path / "data", tmp_path / "out")
    assert list(_pairs(only, "train")) == [("0", "0"), ("1", "2")]
    assert list(_pairs(only, "test")) == [("0", "1")]
    assert "--items" not in only.flags


@pytest.mark.parametrize(("name", "users", "tested"), [("anime", 1, 2), ("ml-latest-small", 2, 1)])
def test_the_same_fifth_of_each_users_rows_is_tested(tmp_path: Path, name: str, users: int, tested: int) -> None:
    (only,) = _prepared(name, tmp_path)
    kept, asked = list(_pairs(only, "train")), list(_pairs(only, "test"))
    assert (len(kept), len(asked)) == (users * 4 * tested, users * tested)
    assert not {*kept} & {*asked}
    (again,) = prepare(name, tmp_path / "data", tmp_path / "again")
    assert list(_pairs(again, "test")) == asked


def test_texts_keep_quotes_and_what_looks_like_nothing(tmp_path: Path) -> None:
    (anime,) = _prepared("anime", tmp_path)
    assert read_items(anime.folder / "items.parquet") == {"3": 'NA "of" it Drama, War TV'}
    (movies,) = _prepared("ml-latest-small", tmp_path)
    assert read_items(movies.folder / "items.parquet") == {"3": "Kid, The (1921) Drama War", "4": "Bare (2000) "}


def test_the_description_says_how_to_run_it(tmp_path: Path) -> None:
    (only,) = _prepared("ml-latest-small", tmp_path)
    written = json.loads((only.folder / DESCRIPTION).read_text())
    assert written == only.description
    assert only.flags == [
        *("--train", str(only.folder / "train.parquet"), "--test", str(only.folder / "test.parquet")),
        *("--items", str(only.folder / "items.parquet"), "--k", "10", "--validation", "random", "--binary"),
    ]
    assert pd.read_parquet(only.folder / "test.parquet").columns.tolist() == [
        "user_id",
        "item_id",
        "value",
        "timestamp",
    ]


def test_what_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PUBLIC:
        with pytest.raises(DataRefused, match=f"There is no folder {name} in"):
            list(prepare(name, tmp_path, tmp_path))
        (tmp_path / name).mkdir()
        with pytest.raises(DataRefused, match=r"not whole|holds neither"):
            list(prepare(name, tmp_path, tmp_path))
    monkeypatch.delenv("RECSTACK_TEST_DATA", raising=False)
    with pytest.raises(DataRefused, match="Name the folder of the sets"):
        data_folder(None)
    with pytest.raises(DataRefused, match="There is no folder"):
        data_folder(tmp_path / "nowhere")
    monkeypatch.setenv("RECSTACK_TEST_DATA", str(tmp_path))
    assert data_folder(None) == tmp_path
