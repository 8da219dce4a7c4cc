"""The true tastes: a file of their own for tests and notebooks, never in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_generator.population.preferences import category_shares
from data_generator.world import World
from recsys.errors import DataRefused

FILE_NAME = "truth.npz"


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


def _refusal(folder: Path, error: OSError) -> DataRefused:
    return DataRefused(f"The true tastes cannot be written to {folder} ({error.strerror}): mend RECSTACK_STATE_DIR.")
