"""Which items carry a brand or a tag: looked up by name, worked out when it is first asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

SEPARATOR = "\0"
"""Between the tags of one item; in no text that PostgreSQL holds."""


class Labels:
    """Of the items at the positions of a catalogue's arrays."""

    def __init__(self, brands: Sequence[str], tags: Sequence[str]) -> None:
        """Args: of each item the brand, or "", and the tags as `joined`."""
        self._brands, self._tags = brands, tags

    @cached_property
    def brands(self) -> Mapping[str, NDArray[np.int32]]:
        """Ascending positions by brand."""
        return _index((brand,) for brand in self._brands)

    @cached_property
    def tags(self) -> Mapping[str, NDArray[np.int32]]:
        """Ascending positions by tag."""
        return _index(text.split(SEPARATOR) for text in self._tags)


def joined(tags: Iterable[str]) -> str:
    return SEPARATOR.join(tags)


def _index(labels: Iterable[Iterable[str]]) -> dict[str, NDArray[np.int32]]:
    found: dict[str, list[int]] = defaultdict(list)
    for position, names in enumerate(labels):
        for name in set(names):
            if name:
                found[name].append(position)
    return {name: np.array(positions, np.int32) for name, positions in found.items()}
