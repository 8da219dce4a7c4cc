"""The catalogue that a release carries."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np

from recsys.catalogue_copy import CatalogueCopy, Offers
from recsys.testing.worlds import small_world, training_data


def test_it_is_loaded_as_saved(tmp_path: Path) -> None:
    assert CatalogueCopy.load(tmp_path) is None
    content = training_data(small_world()).content
    offers = Offers.unbounded(len(content.titles))
    offers.price[3], offers.available_from[4], offers.available_until[5] = 9.5, 1.0, 2.0
    copy = CatalogueCopy.of(content, offers)
    copy.save(tmp_path)
    loaded = CatalogueCopy.load(tmp_path)
    assert loaded is not None
    for field in fields(copy):
        np.testing.assert_array_equal(getattr(loaded, field.name), getattr(copy, field.name))
