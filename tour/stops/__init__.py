"""One module a stop: what it shows, and what it promises."""

from __future__ import annotations

from tour.stops.bad_input import bad_input
from tour.stops.cache import cache
from tour.stops.discovery import discovery
from tour.stops.health import health
from tour.stops.newcomer import newcomer
from tour.stops.similar import similar
from tour.stops.taste import taste

STOPS = (health, taste, similar, newcomer, cache, discovery, bad_input)
