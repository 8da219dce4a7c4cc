"""What the serving layer reads of the catalogue: an immutable view of aligned arrays, replaced when items change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recommendation_api.labels import Labels
from recsys.release import Release
from recsys.rules import Rule


class CatalogueView(Protocol):
    """Every item of the catalogue at one revision; position i means the same item in each array."""

    @property
    def revision(self) -> int: ...

    @property
    def item_ids(self) -> NDArray[np.int64]:
        """(n,) ascending"""
        ...

    @property
    def titles(self) -> Sequence[str]: ...

    @property
    def category(self) -> NDArray[np.int32]:
        """(n,) position in `category_names`, -1 for none"""
        ...

    @property
    def category_names(self) -> Sequence[str]: ...

    @property
    def category_codes(self) -> Mapping[str, int]:
        """The inverse of `category_names`."""
        ...

    @property
    def price(self) -> NDArray[np.float64]:
        """(n,) NaN where there is none"""
        ...

    @property
    def quality(self) -> NDArray[np.float32]:
        """(n,) 0..5, NaN where unknown"""
        ...

    @property
    def available_from(self) -> NDArray[np.float64]:
        """(n,) unix seconds, -inf where unbounded"""
        ...

    @property
    def available_until(self) -> NDArray[np.float64]:
        """(n,) unix seconds, +inf where unbounded"""
        ...

    @property
    def labels(self) -> Labels: ...

    @property
    def rules(self) -> Sequence[Rule]:
        """Those that hold or will hold, oldest first."""
        ...

    @property
    def texts(self) -> Mapping[int, str]:
        """By id, what is said of the items that were written last."""
        ...


class CatalogueMirror(Protocol):
    """Follows the catalogue; `view` is the newest one, read once per computation."""

    @property
    def view(self) -> CatalogueView: ...

    @property
    def is_behind(self) -> bool:
        """Whether the last look at the catalogue failed: there may be changes that `view` lacks."""
        ...

    def stand_in(self, release: Release) -> None:
        """Where nothing has been read yet, `view` is what the release holds of it."""
        ...
