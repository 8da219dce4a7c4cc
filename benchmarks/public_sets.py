"""Public research sets as tables: each in the form in which it is published, cut as its protocol says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from data_generator.importers.movielens import open_movielens
from recsys.errors import DataRefused
from recsys.evaluation.splits import random_split
from recsys.preferences import Events

SEED = 7
"""Of the random fifths."""
FOLDS = ("u1", "u2", "u3", "u4", "u5")


@dataclass(frozen=True)
class Part:
    """One split: `user_id, item_id[, value][, timestamp]` to learn from and to foresee."""

    train: pd.DataFrame
    test: pd.DataFrame
    items: pd.DataFrame | None = None
    """`item_id` and texts."""
    fold: str | None = None
    facts: dict[str, float] = field(default_factory=dict)
    """What else is known about the split."""


@dataclass(frozen=True)
class PublicSet:
    """A set and its protocol."""

    parts: Callable[[Path], Iterator[Part]]
    """From the folder that holds the set. Raises `DataRefused` for a folder that is not it."""
    protocol: str
    flags: tuple[str, ...]
    """What `benchmark` is to be told beside the files."""
    metrics: tuple[str, ...]
    """What the protocol reports."""
    published: dict[str, dict[str, float]] = field(default_factory=dict)
    """Figures of others under the same protocol, by who reports them."""


def _ml_100k(folder: Path) -> Iterator[Part]:
    items = _movies(folder)
    for fold in FOLDS:
        train, test = (_ml_100k_ratings(_there(folder / f"{fold}.{kind}")) for kind in ("base", "test"))
        yield Part(train, test, items, fold)


def _ml_100k_ratings(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", names=["user_id", "item_id", "value", "timestamp"])


def _movies(folder: Path) -> pd.DataFrame:
    """Titles, which end with the year, and genres."""
    source = open_movielens(folder, now=datetime.now(UTC))
    rows = [(item.external_id, item.title, " ".join(item.tags)) for _, item in source.items(_refuse)]
    return pd.DataFrame(rows, columns=["item_id", "title", "genres"])


def _refuse(file: str, row: int, reason: str, content: object = ()) -> None:
    del content
    raise DataRefused(f"{file}, line {row}: {reason}.")


def _ml_latest_small(folder: Path) -> Iterator[Part]:
    ratings = pd.read_csv(_there(folder / "ratings.csv")).set_axis(["user_id", "item_id", "value", "timestamp"], axis=1)
    yield _random_fifth(ratings, _movies(folder))


def _anime(folder: Path) -> Iterator[Part]:
    history = pd.read_csv(_there(folder / "anime_history.dat"), sep="\t")
    told = pd.read_csv(_there(folder / "anime_info.dat"), sep="\t", keep_default_na=False, quoting=3)
    items = told.rename(columns={"anime_ids": "item_id"})[["item_id", "name", "genre", "type"]]
    pairs = history.rename(columns={"User_ID": "user_id", "Anime_ID": "item_id"})[["user_id", "item_id"]]
    yield _random_fifth(pairs, items)


def _random_fifth(rows: pd.DataFrame, items: pd.DataFrame) -> Part:
    """A fifth of each user's rows, rounded down, drawn with `SEED` is tested."""
    users = pd.factorize(rows["user_id"])[0].astype(np.int32)
    place, nothing = np.arange(len(rows), dtype=np.int32), np.zeros(len(rows), np.float32)
    events = Events(users, place, nothing.astype(np.int8), nothing, nothing.astype(np.float64))
    split = random_split(events, test_share=0.2, seed=SEED)
    return Part(rows.iloc[split.train.items], rows.iloc[split.test.items], items)


def _gowalla(folder: Path) -> Iterator[Part]:
    train, test = (sparse.load_npz(_there(folder / f"{kind}.npz")).tocoo() for kind in ("train", "test"))
    yield Part(*(pd.DataFrame({"user_id": matrix.row, "item_id": matrix.col}) for matrix in (train, test)))


def _citeulike_a(folder: Path) -> Iterator[Part]:
    train, test = (_counted(folder / f"cf-{kind}-10-users.dat", "user_id", "item_id") for kind in ("train", "test"))
    names = np.array(_there(folder / "tags.dat").read_text("utf-8").splitlines())
    tagged = _counted(folder / "item-tag.dat", "item_id", "tag")
    tagged["tag"] = names[tagged["tag"]]
    n_items = len((folder / "item-tag.dat").read_text("utf-8").splitlines())
    texts = tagged.groupby("item_id")["tag"].agg(" ".join).reindex(range(n_items), fill_value="")
    yield Part(train, test, texts.rename("tags").rename_axis("item_id").reset_index())


def _counted(path: Path, row: str, entry: str) -> pd.DataFrame:
    """A line for each `row` from 0: how many entries, then the entries."""
    lines = [[int(part) for part in line.split()] for line in _there(path).read_text("utf-8").splitlines()]
    for number, line in enumerate(lines, 1):
        if not line or line[0] != len(line) - 1:
            raise DataRefused(f"{path.name}, line {number}: the first number is not the count of the others.")
    counts = [line[0] for line in lines]
    entries = [entry for line in lines for entry in line[1:]]
    return pd.DataFrame({row: np.repeat(np.arange(len(lines)), counts), entry: np.array(entries, np.int64)})


def _amazon_beauty(folder: Path) -> Iterator[Part]:
    """Times are not published, the order is: `timestamp` is the place in the sequence."""
    lines = [line.split() for line in _there(folder / "sequences.txt").read_text("utf-8").splitlines()]
    rows = [(line[0], item, place) for line in lines for place, item in enumerate(line[1:])]
    table = pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"])
    last = ~table["user_id"].duplicated(keep="last") & (table["timestamp"] > 0)
    yield Part(table[~last], table[last])


def _there(path: Path) -> Path:
    if not path.is_file():
        raise DataRefused(f"There is no {path.name} in {path.parent}: the set is not there, or not whole.")
    return path


FIFTH = "a random fifth of each user's events, seed 7"
PUBLIC: dict[str, PublicSet] = {
    "ml-100k": PublicSet(
        _ml_100k,
        "the published folds u1 to u5, every rating is positive; RMSE on the same folds",
        ("--k", "10", "--validation", "random", "--explicit", "--binary"),
        ("recall@10", "ndcg@10", "rmse"),
        {"Surprise SVD, random folds": {"rmse": 0.934}, "Surprise SVD++, random folds": {"rmse": 0.919}},
    ),
    "gowalla": PublicSet(
        _gowalla,
        "LightGCN's split, all items ranked",
        ("--k", "20"),
        ("recall@20", "ndcg@20"),
        {
            "LightGCN": {"recall@20": 0.1830, "ndcg@20": 0.1554},
            "UltraGCN": {"recall@20": 0.1862, "ndcg@20": 0.1580},
            "SimpleX": {"recall@20": 0.1872, "ndcg@20": 0.1557},
            "BSPM-EM": {"recall@20": 0.1920, "ndcg@20": 0.1597},
        },
    ),
    "citeulike-a": PublicSet(
        _citeulike_a,
        "CVAE's split with 10 papers of each user in train, tags as text, all items ranked",
        ("--k", "50,300"),
        ("recall@50", "recall@300"),
        {"best published, with abstracts": {"recall@50": 0.2235, "recall@300": 0.4950}},
    ),
    "amazon-beauty": PublicSet(
        _amazon_beauty,
        "S3-Rec's sequences, each user's last item, all items ranked",
        ("--k", "10", "--validation", "last"),
        ("hit_rate@10", "ndcg@10"),
        {"SASRec": {"hit_rate@10": 0.0605, "ndcg@10": 0.0318}, "S3-Rec": {"hit_rate@10": 0.0647, "ndcg@10": 0.0327}},
    ),
    "anime": PublicSet(_anime, FIFTH, ("--k", "10", "--validation", "random"), ("recall@10", "ndcg@10")),
    "ml-latest-small": PublicSet(
        _ml_latest_small,
        f"{FIFTH}, every rating is positive",
        ("--k", "10", "--validation", "random", "--binary"),
        ("recall@10", "ndcg@10"),
    ),
}
