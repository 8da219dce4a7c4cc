"""The catalogue as a release carries it: what its lists are made of while no database has been reached yet."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import FloatArray, IndexArray, ItemContent
from recsys.arrays import load_array, load_json, save_array, save_json

FOLDER = "catalogue"
WORDS = ("titles", "category_names")


@dataclass(frozen=True)
class Offers:
    """For how much each item is sold, and when."""

    price: NDArray[np.float64]
    """(n_items,) NaN where there is none"""
    available_from: NDArray[np.float64]
    """(n_items,) unix seconds, -inf where unbounded"""
    available_until: NDArray[np.float64]
    """(n_items,) unix seconds, +inf where unbounded"""

    @classmethod
    def unbounded(cls, n: int) -> Self:
        return cls(np.full(n, np.nan), np.full(n, -np.inf), np.full(n, np.inf))


@dataclass(frozen=True)
class CatalogueCopy:
    """Aligned with the release's `item_ids`."""

    titles: list[str]
    category_names: list[str]
    category: IndexArray
    """(n_items,) position in `category_names`, -1 for none"""
    quality: FloatArray
    """(n_items,) 0..5, NaN where unknown"""
    price: NDArray[np.float64]
    available_from: NDArray[np.float64]
    available_until: NDArray[np.float64]

    @classmethod
    def of(cls, content: ItemContent, offers: Offers) -> Self:
        return cls(
            content.titles,
            content.category_names,
            content.category,
            content.quality,
            offers.price,
            offers.available_from,
            offers.available_until,
        )

    def save(self, folder: Path) -> None:
        """Into a folder of its own below `folder`."""
        (folder / FOLDER).mkdir()
        for field in fields(self):
            save = save_json if field.name in WORDS else save_array
            save(folder / FOLDER, field.name, getattr(self, field.name))

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """None for a release from before there were copies."""
        if not (folder / FOLDER).is_dir():
            return None
        parts: dict[str, Any] = {
            field.name: (load_json if field.name in WORDS else load_array)(folder / FOLDER, field.name)
            for field in fields(cls)
        }
        return cls(**parts)
