"""One module a stop: what it shows, and what it promises."""

from __future__ import annotations

from tour.stops.bad_input import bad_input
from tour.stops.cache import cache
from tour.stops.dials import dials
from tour.stops.discovery import discovery
from tour.stops.erasure import erasure
from tour.stops.guest import guest
from tour.stops.health import health
from tour.stops.narrowed import narrowed
from tour.stops.new_item import new_item
from tour.stops.newcomer import newcomer
from tour.stops.reasons import reasons
from tour.stops.similar import similar
from tour.stops.taste import taste

STOPS = (
    health,
    taste,
    reasons,
    similar,
    newcomer,
    guest,
    new_item,
    cache,
    narrowed,
    dials,
    discovery,
    erasure,
    bad_input,
)
