"""When people come: hours of the day, days of the week, seasons, in the user's own time zone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_generator.plan import DAY, Plan
from data_generator.sampling import Floats, running_total

HOUR = 3_600.0
MARGIN_HOURS = 16
"""Local time runs ahead of or behind UTC by less than this."""
BY_HOUR = np.array([2.2, 1.2, 0.7, 0.5, 0.5, 0.9, 1.9, 3.2, 4.1, 4.4, 4.6, 4.9,
                    5.6, 5.2, 4.6, 4.5, 4.7, 5.3, 6.2, 7.3, 8.4, 8.6, 6.8, 4.2])  # fmt: skip
BY_WEEKDAY = np.array([0.93, 0.90, 0.92, 0.95, 1.00, 1.22, 1.30])
"""Monday first."""
BY_MONTH = np.array([1.00, 0.93, 0.97, 0.98, 0.97, 0.93, 0.90, 0.90, 0.98, 1.02, 1.20, 1.30])


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How busy each hour is, as a running total over local time."""

    hours: Floats
    """Unix seconds at which each hour begins, local time read as if it were UTC."""
    totals: Floats

    def draw(self, uniform: Floats, begin: Floats, until: Floats, utc_offset: Floats) -> NDArray[np.float64]:
        """(n,) moments from `begin` to `until` (unix seconds), busier hours more often.

        Args:
            uniform: (n,) chances in [0, 1)
            begin: (n,)
            until: (n,) later than `begin`, at most the plan's end
            utc_offset: (n,) seconds that the user's clock is ahead of UTC
        """
        low = np.interp(begin + utc_offset, self.hours, self.totals)
        high = np.interp(until + utc_offset, self.hours, self.totals)
        local = np.interp(low + uniform * (high - low), self.totals, self.hours)
        return np.clip(local - utc_offset, begin, until)


def make_rhythm(plan: Plan) -> Rhythm:
    first = plan.start_at - MARGIN_HOURS * HOUR
    hours = np.arange(first, plan.end_at + MARGIN_HOURS * HOUR + 1, HOUR)
    days = (hours // DAY).astype(np.int64)
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday
    month = hours.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12
    hour = ((hours % DAY) // HOUR).astype(np.int64)
    weights = BY_HOUR[hour] * BY_WEEKDAY[weekday] * BY_MONTH[month]
    return Rhythm(hours, running_total(weights)[:-1])
