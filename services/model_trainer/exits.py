"""The exit status of `train`, which the schedule and whoever calls it reads."""

from __future__ import annotations

from enum import IntEnum

from model_trainer.decision import Refusal
from recsys.errors import Conflict, DataRefused, RecstackError


class ReleaseRefused(DataRefused):
    """The release is not fit to be published; what is live stays live. One sentence for each reason."""

    def __init__(self, *refusals: Refusal) -> None:
        super().__init__("\n".join(each.sentence for each in refusals))
        self.refusals = refusals


class Exit(IntEnum):
    PUBLISHED = 0
    FAILED = 1
    DATA_REFUSED = 2
    BUSY = 3
    RELEASE_REFUSED = 4

    @classmethod
    def of(cls, error: RecstackError) -> Exit:
        if isinstance(error, ReleaseRefused):
            return cls.RELEASE_REFUSED
        if isinstance(error, DataRefused):
            return cls.DATA_REFUSED
        return cls.BUSY if isinstance(error, Conflict) else cls.FAILED
