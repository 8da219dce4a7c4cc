from __future__ import annotations

import pytest

from model_trainer.decision import Reason, Refusal
from model_trainer.exits import Exit, ReleaseRefused
from recsys.errors import ArtifactCorrupt, Conflict, DataRefused, RecstackError, Unavailable


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DataRefused("no data"), 2),
        (Conflict("another one runs"), 3),
        (ReleaseRefused(Refusal(Reason.WORSE_THAN_RANDOM, "worse than chance")), 4),
        (Unavailable("away", dependency="mlflow"), 1),
        (ArtifactCorrupt("a bit flipped"), 1),
    ],
)
def test_each_error_has_its_status(error: RecstackError, status: int) -> None:
    assert Exit.of(error) == status
