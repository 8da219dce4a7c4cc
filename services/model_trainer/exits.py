"""The exit status of `train`, which the schedule and whoever calls it reads."""

from __future__ import annotations

from enum import IntEnum

from recsys.errors import Conflict, DataRefused, RecstackError


class ReleaseRefused(DataRefused):
    """The models were fitted and are not fit to be published; what is live stays live."""


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
