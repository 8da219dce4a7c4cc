"""The users: who they are, what they like, how that changes, and how much they do. Tastes stay out of PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_generator.catalogue.items import AXES
from data_generator.catalogue.lexicon import Lexicon
from data_generator.plan import DAY, HISTORY_DAYS, MIN_EVENTS_PER_USER, Plan, Stream
from data_generator.sampling import Floats, apportion, choose, draw_within, running_total
from recsys.domain import Gender

INTERESTS = 10
BREADTH = 3.0
"""Concentration of a user's mixture of categories: small means few of them."""
COUNTRIES = {
    "US": (24, -6), "GB": (12, 0), "DE": (11, 1), "FR": (8, 1), "IT": (6, 1), "ES": (6, 1), "PL": (5, 1),
    "NL": (4, 1), "SE": (3, 1), "BR": (4, -3), "CA": (4, -5), "AU": (3, 10), "IN": (3, 5.5), "JP": (3, 9),
    "MX": (2, -6), "IE": (1, 0), "NZ": (1, 12),
}  # fmt: skip
"""Share of the users and hours ahead of UTC."""
GENDERS = (Gender.FEMALE, Gender.MALE, Gender.NONBINARY, Gender.OTHER, Gender.UNDISCLOSED)
GENDER_SHARES = np.array([0.46, 0.44, 0.025, 0.01, 0.065])
AGE_SPREAD = 15.0
"""Years around a category's typical age within which people like it."""
GENDER_LEAN, COUNTRY_LEAN = 0.5, 0.35
FADING = 0.9
"""How far an interest's logarithm may move in two years."""
ACTIVITY_SPREAD = 1.05
OLD_ACQUAINTANCES, FAITHFUL = 0.35, 0.45
"""Shares of the users who were here before history begins, and who never leave."""
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Population:
    """Columns, one entry per user; user ids are positions + 1, in the order of sign-up."""

    age: NDArray[np.int64]
    """UNKNOWN where not given"""
    gender: NDArray[np.int64]
    """Position in `GENDERS`, UNKNOWN where not given"""
    country: NDArray[np.int64]
    """Position in `COUNTRIES`, UNKNOWN where not given"""
    utc_offset: Floats
    """Seconds ahead of UTC."""
    signed_up_at: Floats
    """Unix seconds, ascending."""
    active_from: Floats
    active_until: Floats
    events: NDArray[np.int64]
    """How many events the user has; they sum to the plan's interactions."""
    topics: NDArray[np.int16]
    """(n, INTERESTS) the topics liked; one that stands twice is liked the more"""
    strength: NDArray[np.float32]
    """(n, INTERESTS) logarithm of each interest's weight half-way through history"""
    fading: NDArray[np.float32]
    """(n, INTERESTS) by how much that logarithm moves from the beginning to the end"""
    style: NDArray[np.float32]
    """(n, AXES) preferred place on each axis"""
    budget: NDArray[np.float32]
    """Preferred costliness."""
    generosity: NDArray[np.float32]
    """Stars that this user gives above others."""

    def __len__(self) -> int:
        return len(self.age)

    def weights(self, users: NDArray[np.int64], phase: Floats) -> NDArray[np.float32]:
        """(k, INTERESTS) how much each of `users` likes each of their topics at `phase` (0..1 of history); sums to 1.

        Args:
            users: (k,)
            phase: (k,)
        """
        logits = self.strength[users] + self.fading[users] * (phase[:, None] - 0.5).astype(np.float32)
        weights: NDArray[np.float32] = np.exp(logits - logits.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        return weights


def draw_population(plan: Plan, lexicon: Lexicon) -> Population:
    rng = plan.rng(Stream.POPULATION)
    n = plan.users
    age = (15 + 70 * rng.beta(1.9, 3.2, n)).astype(np.int64)
    gender = rng.choice(len(GENDERS), n, p=GENDER_SHARES)
    shares, offsets = np.array(list(COUNTRIES.values())).T
    country = rng.choice(len(COUNTRIES), n, p=shares / shares.sum())
    style = _draw_style(rng, age)
    topics = _draw_topics(rng, lexicon, _draw_mixture(rng, lexicon, age, gender, country), style)
    signed_up_at, begin, until = _draw_tenure(rng, plan)
    activity = rng.lognormal(0, ACTIVITY_SPREAD, n) * ((until - begin) / (365 * DAY)) ** 0.5
    spare = plan.interactions - MIN_EVENTS_PER_USER * n
    return Population(
        age=_withhold(rng, age, 0.06),
        gender=_withhold(rng, gender, 0.05),
        country=_withhold(rng, country, 0.04),
        utc_offset=offsets[country] * 3600,
        signed_up_at=signed_up_at,
        active_from=begin,
        active_until=until,
        events=MIN_EVENTS_PER_USER + apportion(spare, activity),
        topics=topics,
        strength=np.log(np.maximum(rng.standard_gamma(0.8, (n, INTERESTS)), 1e-6)).astype(np.float32),
        fading=rng.normal(0, FADING, (n, INTERESTS)).astype(np.float32),
        style=style,
        budget=(0.6 * rng.normal(size=n) + 0.5 * (age - 40) / 15).astype(np.float32),
        generosity=rng.normal(0, 0.3, n).astype(np.float32),
    )


def _draw_style(rng: np.random.Generator, age: NDArray[np.int64]) -> NDArray[np.float32]:
    """Everybody's own, the second axis (vintage to contemporary) leaning with age."""
    style = rng.normal(size=(len(age), AXES))
    style[:, 1] -= 0.6 * (age - 40) / 15
    return style.astype(np.float32)


def _draw_mixture(
    rng: np.random.Generator,
    lexicon: Lexicon,
    age: NDArray[np.int64],
    gender: NDArray[np.int64],
    country: NDArray[np.int64],
) -> Floats:
    """(n, n_categories) liking of categories. What age, gender and country a category is at home with is chance too."""
    n = len(lexicon.categories)
    typical_age = rng.uniform(18, 70, n)
    gender_lean = rng.normal(0, GENDER_LEAN, (len(GENDERS), n))
    country_lean = rng.normal(0, COUNTRY_LEAN, (len(COUNTRIES), n))
    logits = rng.normal(0, 0.4, n) + gender_lean[gender] + country_lean[country]
    logits -= ((age[:, None] - typical_age) / AGE_SPREAD) ** 2 / 2
    likely = np.exp(logits)
    likely *= BREADTH / likely.sum(axis=1, keepdims=True)
    mixture: Floats = rng.standard_gamma(likely) + 1e-9
    mixture /= mixture.sum(axis=1, keepdims=True)
    return mixture


def _draw_topics(
    rng: np.random.Generator, lexicon: Lexicon, mixture: Floats, style: NDArray[np.float32]
) -> NDArray[np.int16]:
    """(n, INTERESTS) topics, the more often the better their category is liked and their character suits the user."""
    n, n_categories = len(mixture), len(lexicon.categories)
    character = rng.normal(0, 0.5, (len(lexicon.topics), AXES)).astype(np.float32)
    fame = rng.normal(0, 0.5, len(lexicon.topics)).astype(np.float32)
    begin = np.arange(n) * n_categories
    totals = running_total(mixture.ravel())
    topics = np.empty((n, INTERESTS), np.int16)
    for interest in range(INTERESTS):
        category = draw_within(totals, begin, begin + n_categories, rng.random(n)) - begin
        for which in range(n_categories):
            fans = np.flatnonzero(category == which)
            first, last = lexicon.first_topic[which : which + 2]
            logits = fame[first:last] + style[fans] @ character[first:last].T
            topics[fans, interest] = first + choose(rng, logits)
    return topics


def _draw_tenure(rng: np.random.Generator, plan: Plan) -> tuple[Floats, Floats, Floats]:
    """Sign-up, first and last moment of activity, as unix seconds."""
    n, end = plan.users, plan.end_at
    old = rng.random(n) < OLD_ACQUAINTANCES
    ago = np.where(old, HISTORY_DAYS + 730 * rng.random(n), 8 + (HISTORY_DAYS - 8) * rng.random(n))
    signed_up_at = np.sort(end - ago * DAY).round()
    begin = np.maximum(signed_up_at, plan.start_at)
    stays = rng.random(n) < FAITHFUL
    lifetime = np.where(stays, HISTORY_DAYS, 7 + rng.exponential(250, n)) * DAY
    return signed_up_at, begin, np.minimum(begin + lifetime, end - DAY / 2)


def _withhold(rng: np.random.Generator, values: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    return np.where(rng.random(len(values)) < share, UNKNOWN, values)
