"""The items: topic, style, quality, price, times, and how well known each is. Their texts are in `texts`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_generator.catalogue.lexicon import Lexicon
from data_generator.plan import DAY, HISTORY_DAYS, Plan, Stream
from data_generator.sampling import Floats, apportion, draw_within, running_total

AXES = 6
EVEN_SHARE = 0.4
"""This much of the catalogue is spread evenly over the categories, so that none is tiny."""
LAUNCHED = 0.35
"""Share of the catalogue that is older than the history."""
BRANDS_PER_CATEGORY = 24
ZIPF_OFFSET = 2.0
"""Mandelbrot's correction: the first few ranks are nearer to each other than the law has it."""
NEW_DAYS = 120
SHARE_ENDED, SHARE_RUNNING = 0.03, 0.02
SHARE_COMING = 0.1
"""Of the new items: announced, not yet on sale."""
SEASONAL = 0.5
"""Of those: only for a while."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Columns, one entry per item; item ids are positions + 1, in the order of publication."""

    category: NDArray[np.int64]
    topic: NDArray[np.int64]
    style: NDArray[np.float32]
    """(n, AXES) place on each axis, about standard normal"""
    appeal: Floats
    """True quality, about standard normal; hidden."""
    quality: Floats
    """What editors say of it, 0..5."""
    brand: NDArray[np.int64]
    """Position among the brands of its category."""
    price: Floats
    costliness: Floats
    """How far the price is above the category's median, in standard deviations of its logarithm."""
    renown: Floats
    """Share of its topic's attention: Zipf's law over the ranks within the topic."""
    published_at: Floats
    """Unix seconds, ascending."""
    available_from: Floats
    """Unix seconds, NaN for none."""
    available_until: Floats

    def __len__(self) -> int:
        return len(self.category)

    @property
    def live_from(self) -> Floats:
        """(n,) the first moment at which somebody can come across it."""
        return np.fmax(self.published_at, self.available_from)

    @property
    def live_until(self) -> Floats:
        """(n,) infinite where it never ends."""
        return np.where(np.isnan(self.available_until), np.inf, self.available_until)


def draw_catalogue(plan: Plan, lexicon: Lexicon) -> Catalogue:
    rng = plan.rng(Stream.CATALOGUE)
    category, topic = _draw_topics(rng, plan.items, lexicon)
    centres = rng.normal(0, 0.7, (len(lexicon.topics), AXES))
    style = (centres[topic] + rng.normal(0, 0.7, (plan.items, AXES))).astype(np.float32)
    brand, brand_quality, brand_tier = _draw_brands(rng, category, len(lexicon.categories))
    appeal = 0.4 * brand_quality + 0.9 * rng.normal(size=plan.items)
    quality = np.clip(3.4 + 0.75 * (0.8 * appeal + 0.6 * rng.normal(size=plan.items)), 0, 5).round(1)
    costliness = 0.45 * brand_tier + 0.35 * style[:, 3] + 0.82 * rng.normal(size=plan.items)
    published = _draw_publication(rng, plan)
    begin, until = _draw_windows(rng, plan, published)
    return Catalogue(
        category=category,
        topic=topic,
        style=style,
        appeal=appeal,
        quality=quality,
        brand=brand,
        price=_prices(category, costliness, lexicon),
        costliness=costliness,
        renown=_draw_renown(rng, topic, appeal),
        published_at=published,
        available_from=begin,
        available_until=until,
    )


def _draw_topics(
    rng: np.random.Generator, n_items: int, lexicon: Lexicon
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    n = len(lexicon.categories)
    sizes = rng.lognormal(0, 0.5, n)
    shares = EVEN_SHARE / n + (1 - EVEN_SHARE) * sizes / sizes.sum()
    category = rng.permutation(np.repeat(np.arange(n), apportion(n_items, shares)))
    totals = running_total(rng.lognormal(0, 0.5, len(lexicon.topics)))
    first = lexicon.first_topic
    return category, draw_within(totals, first[category], first[category + 1], rng.random(n_items))


def _draw_brands(
    rng: np.random.Generator, category: NDArray[np.int64], n_categories: int
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Brand of each item, and its brand's quality and price tier."""
    shares = 1 / np.arange(1.0, BRANDS_PER_CATEGORY + 1)
    totals = running_total(shares)
    zeros = np.zeros(len(category), np.int64)
    brand = draw_within(totals, zeros, zeros + BRANDS_PER_CATEGORY, rng.random(len(category)))
    quality, tier = rng.normal(size=(2, n_categories, BRANDS_PER_CATEGORY))
    tier -= np.average(tier, axis=1, weights=shares)[:, None]
    return brand, quality[category, brand], tier[category, brand]


def _prices(category: NDArray[np.int64], costliness: Floats, lexicon: Lexicon) -> Floats:
    """Log-normal within a category, a cent below a round ten cents as shops have it."""
    median = np.array([entry.price for entry in lexicon.categories])[category]
    spread = np.array([entry.spread for entry in lexicon.categories])[category]
    price: Floats = np.ceil(median * np.exp(spread * costliness) * 10) / 10 - 0.01
    return price.round(2)


def _draw_renown(rng: np.random.Generator, topic: NDArray[np.int64], appeal: Floats) -> Floats:
    """Better items tend to be better known."""
    score = 0.5 * appeal + rng.normal(size=len(topic))
    order = np.lexsort((-score, topic))
    begins = np.searchsorted(topic[order], topic[order])
    shares = 1 / (np.arange(len(topic)) - begins + 1 + ZIPF_OFFSET)
    sums = np.bincount(topic[order], weights=shares)
    renown = np.empty(len(topic))
    renown[order] = shares / sums[topic[order]]
    return renown


def _draw_publication(rng: np.random.Generator, plan: Plan) -> Floats:
    """Whole seconds, ascending; a catalogue that was there before, and a growing stream of new items."""
    launched = max(1, round(LAUNCHED * plan.items))
    before = plan.start_at - DAY * (1 + 3 * 365 * rng.random(launched) ** 1.5)
    since = plan.start_at + (HISTORY_DAYS * DAY - 1) * rng.random(plan.items - launched) ** 0.85
    return np.sort(np.concatenate((before, since))).round()


def _draw_windows(rng: np.random.Generator, plan: Plan, published: Floats) -> tuple[Floats, Floats]:
    """When a few items can be had: some no more, some for a while yet, some not before a day to come."""
    n, end = len(published), plan.end_at
    begin, until = np.full((2, n), np.nan)
    kind, length, delay = rng.random((3, n))
    new = end - published < NEW_DAYS * DAY
    ended = ~new & (kind < SHARE_ENDED)
    until[ended] = (published + 30 * DAY + length * (end - published - 31 * DAY))[ended]
    running = ~ended & (kind > 1 - SHARE_RUNNING)
    begin[running] = published[running]
    until[running] = end + DAY * (30 + 700 * length[running])
    coming = new & (kind < SHARE_COMING)
    begin[coming] = end + DAY * (30 + 365 * delay[coming])
    seasonal = coming & (length < SEASONAL)
    until[seasonal] = begin[seasonal] + DAY * (30 + 365 * length[seasonal])
    begin[0] = until[0] = np.nan  # so that there is something on sale at any time
    return begin.round(), until.round()
