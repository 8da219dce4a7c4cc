"""Whether the hybrid serves every group of people alike: its quality by age, gender and country."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_trainer.database import connect, reaching_postgres
from recsys.demographics import UNKNOWN, Groups, band

OTHER = "other"
MAX_COUNTRIES = 10
"""Of the most users; the rest is `other`."""
MIN_USERS = 50
"""Of a smaller group nothing is said."""
BEHIND = 0.9
"""Of everybody's mean: a group below it is left behind."""
MAX_BOOST = 4.0
RESAMPLES = 2_000
CONFIDENCE = 0.99


@dataclass(frozen=True, slots=True)
class GroupQuality:
    attribute: str
    group: str
    n_users: int
    ndcg: float
    """Mean NDCG@10 of the hybrid's lists."""
    ratio: float
    """Over the mean of all users."""
    ratio_upper: float
    """Upper end of the ratio's interval."""


def read_groups(database_url: str, user_ids: Sequence[int]) -> Groups:
    """The groups of these users, in their order. Raises `Unavailable`."""
    query = "SELECT user_id, age, gender, country FROM users WHERE user_id = ANY(%s)"
    with reaching_postgres(), connect(database_url) as connection:
        found = {user_id: rest for user_id, *rest in connection.execute(query, (list(user_ids),))}
    people = [found.get(user_id, (None, None, None)) for user_id in user_ids]
    countries = [country or UNKNOWN for _, _, country in people]
    large = {country for country, _ in Counter(countries).most_common(MAX_COUNTRIES)} | {UNKNOWN}
    return {
        "age": [band(age) for age, _, _ in people],
        "gender": [gender or UNKNOWN for _, gender, _ in people],
        "country": [country if country in large else OTHER for country in countries],
    }


def group_quality(ndcg: NDArray[np.floating], groups: Groups, *, seed: int = 0) -> list[GroupQuality]:
    """How good the lists of each group with enough users are; none where all lists were worth nothing.

    The interval is a percentile bootstrap over users, those of the group and all drawn together (Efron and Tibshirani,
    1993).

    Args:
        ndcg: (n,) per user
        groups: (n,) by attribute
        seed: of the draws
    """
    members = [(attribute, group, mask) for attribute, group, mask in _members(groups) if mask.sum() >= MIN_USERS]
    if not members or not ndcg.any():
        return []
    masks = np.array([mask for _, _, mask in members], np.float64)
    draws = np.random.default_rng(seed).multinomial(len(ndcg), np.full(len(ndcg), 1 / len(ndcg)), RESAMPLES)
    ratios = _ratios(draws.astype(np.float64), ndcg, masks)
    exact = _ratios(np.ones((1, len(ndcg))), ndcg, masks)[0]
    upper = np.nanquantile(ratios, (1 + CONFIDENCE) / 2, axis=0)
    return [
        GroupQuality(attribute, group, int(mask.sum()), float(ndcg[mask].mean()), float(ratio), float(high))
        for (attribute, group, mask), ratio, high in zip(members, exact, upper, strict=True)
    ]


def worst_served(ndcg: NDArray[np.floating], groups: Groups) -> float:
    """The mean of the group with enough users that is served worst; everybody's where there is none."""
    means = [float(ndcg[mask].mean()) for _, _, mask in _members(groups) if mask.sum() >= MIN_USERS]
    return min(means, default=float(ndcg.mean()))


def boosts(ndcg: NDArray[np.floating], groups: Groups) -> NDArray[np.float64]:
    """(n,) how much more each user shall count: 1, for members of a group that is left behind everybody's mean over
    the group's, at most `MAX_BOOST`; of several groups the one that is furthest behind counts.
    """
    found = np.ones(len(ndcg))
    mean = ndcg.mean() if len(ndcg) else 0.0
    for _, _, mask in _members(groups):
        own = ndcg[mask].mean()
        if mask.sum() >= MIN_USERS and own < BEHIND * mean:
            boost = MAX_BOOST if own * MAX_BOOST <= mean else mean / own
            found[mask] = np.maximum(found[mask], boost)
    return found


def _members(groups: Groups) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    for attribute, of_users in groups.items():
        named = np.array(of_users)
        for group in sorted(set(of_users)):
            yield attribute, group, named == group


def _ratios(draws: NDArray[np.float64], ndcg: NDArray[np.floating], masks: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n_draws, n_groups) a group's mean over everybody's, each user counted as often as drawn (n_draws, n)."""
    in_group = (draws @ (masks * ndcg).T) / np.maximum(draws @ masks.T, 1)
    overall = (draws @ ndcg) / draws.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(in_group / overall[:, None], np.float64)
