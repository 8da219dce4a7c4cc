"""The true tastes: a file of their own for tests and notebooks, never in PostgreSQL."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_generator.behaviour.affinity import charm, interest
from data_generator.population.preferences import category_shares
from data_generator.world import World
from recsys.errors import DataRefused

FILE_NAME = "truth.npz"


@dataclass(frozen=True, slots=True)
class TrueUsers:
    """Columns as of the end of history; ids are positions + 1."""

    topics: NDArray[np.int16]
    """(n, INTERESTS)"""
    weights: NDArray[np.float32]
    """(n, INTERESTS) how much each topic is liked; rows sum to 1"""
    category_shares: NDArray[np.float32]
    """(n, n_categories) the same by category"""
    style: NDArray[np.float32]
    budget: NDArray[np.float32]
    generosity: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.topics)


@dataclass(frozen=True, slots=True)
class TrueItems:
    """Columns; ids are positions + 1."""

    category: NDArray[np.int64]
    topic: NDArray[np.int64]
    style: NDArray[np.float32]
    appeal: NDArray[np.float64]
    costliness: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.topic)


@dataclass(frozen=True, slots=True)
class Truth:
    """What the file says, read back."""

    seed: int
    end: datetime
    """No generated event is later."""
    category_names: list[str]
    topic_names: list[str]
    topic_category: NDArray[np.int64]
    users: TrueUsers
    items: TrueItems

    def liking(self, user: int, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """(m,) how well `items` suit `user` in truth, 0 where the user shrugs; all are positions."""
        whom = np.full(len(items), user)
        people = self.users
        suits = interest(people.topics[whom], people.weights[whom], self.items.topic[items], self.topic_category)
        return suits + charm(people, self.items, whom, items[:, None])[:, 0]


@contextmanager
def truth_file(folder: Path) -> Iterator[Path]:
    """A draft beside `truth.npz` that takes its place once the block ends well: it belongs to the rows loaded in it.

    Raises:
        DataRefused: the folder cannot be written to.
    """
    draft = folder / f".{FILE_NAME}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft.touch()
    except OSError as error:
        raise _refusal(folder, error) from None
    try:
        yield draft
        draft.replace(folder / FILE_NAME)
    finally:
        draft.unlink(missing_ok=True)


def write_truth(path: Path, world: World) -> None:
    """Raises `DataRefused` where the file cannot be written."""
    try:
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **truth_arrays(world))
    except OSError as error:
        raise _refusal(path.parent, error) from None


def forget_truth(folder: Path) -> None:
    """Nobody knows the tastes behind rows that came from elsewhere."""
    with suppress(OSError):
        (folder / FILE_NAME).unlink(missing_ok=True)


def truth_arrays(world: World) -> dict[str, NDArray[Any]]:
    """By name. Rows of `user_*` and `item_*` are ids in ascending order; weights of a user sum to 1."""
    people, catalogue, lexicon = world.population, world.catalogue, world.lexicon
    everyone = np.arange(len(people))
    return {
        "seed": np.array(world.plan.seed),
        "end": np.array(world.plan.end.isoformat()),
        "category_names": np.array([category.name for category in lexicon.categories]),
        "topic_names": np.array([topic.name for topic in lexicon.topics]),
        "topic_category": lexicon.topic_category,
        "user_topics": people.topics,
        "user_topic_weights_at_start": people.weights(everyone, np.zeros(len(people))),
        "user_topic_weights_at_end": people.weights(everyone, np.ones(len(people))),
        "user_category_shares_at_start": category_shares(people, lexicon, 0.0),
        "user_category_shares_at_end": category_shares(people, lexicon, 1.0),
        "user_style": people.style,
        "user_budget": people.budget,
        "user_generosity": people.generosity,
        "item_category": catalogue.category,
        "item_topic": catalogue.topic,
        "item_style": catalogue.style,
        "item_appeal": catalogue.appeal,
        "item_costliness": catalogue.costliness,
        "item_renown": catalogue.renown,
    }


def read_truth(path: Path) -> Truth:
    """Raises `DataRefused` where there is none, or none that this version wrote."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            columns = dict(archive)
        return Truth(
            int(columns["seed"]),
            datetime.fromisoformat(columns["end"].item()),
            columns["category_names"].tolist(),
            columns["topic_names"].tolist(),
            columns["topic_category"],
            TrueUsers(
                columns["user_topics"],
                columns["user_topic_weights_at_end"],
                columns["user_category_shares_at_end"],
                columns["user_style"],
                columns["user_budget"],
                columns["user_generosity"],
            ),
            TrueItems(*(columns[f"item_{name}"] for name in ("category", "topic", "style", "appeal", "costliness"))),
        )
    except FileNotFoundError:
        raise DataRefused(
            f"There are no true tastes in {path.parent}: they come with `seed`; a database of imported data has none."
        ) from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataRefused(f"The true tastes in {path} cannot be read ({error}): seed again with --replace.") from None


def _refusal(folder: Path, error: OSError) -> DataRefused:
    return DataRefused(f"The true tastes cannot be written to {folder} ({error.strerror}): mend RECSTACK_STATE_DIR.")
