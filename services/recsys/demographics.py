"""What people of an age, a gender or a country like more than others do: a weak first guess about somebody new."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import Histories, IndexArray
from recsys.arrays import load_json, save_json
from recsys.domain import User

AGES = {13: "13-17", 18: "18-24", 25: "25-34", 35: "35-44", 45: "45-54", 55: "55-64", 65: "65+"}
"""Bands by their youngest."""
UNKNOWN = "unknown"
MIN_USERS = 20
"""Of a smaller group nothing is kept: it would tell of single people."""
FILE = "demographics"
STRENGTHS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
ASKED = 1_000
"""Users that the strength is chosen on."""
LISTED = 10
SURELY = 2.0
"""Standard errors by which a strength has to be better than none."""

Groups = Mapping[str, Sequence[str]]
"""By attribute, the group of each user."""


def band(age: int | None) -> str:
    if age is None:
        return UNKNOWN
    return list(AGES.values())[bisect_right(list(AGES), age) - 1]


def groups_of(user: User) -> dict[str, str]:
    """By attribute, where it is stated."""
    gender = user.gender.value if user.gender else UNKNOWN
    stated = {"age": band(user.age), "gender": gender, "country": user.country or UNKNOWN}
    return {attribute: group for attribute, group in stated.items() if group != UNKNOWN}


@dataclass(frozen=True)
class DemographicPrior:
    """How many times as much a group's users do in a category as everybody's, each user counting once."""

    category_names: list[str]
    lifts: Mapping[str, Mapping[str, list[float]]]
    """By attribute and group, (n_categories,) around 1"""
    strength: float = 1.0
    """0..1, how far the lifts are to be believed of single items"""

    @classmethod
    def fit(
        cls,
        histories: Histories,
        category: IndexArray,
        category_names: list[str],
        groups: Groups,
        popularity: NDArray[np.floating],
    ) -> Self:
        """The lifts of all users, believed as far as those of half of the users help to tell what the others touched.

        Args:
            histories: (n_users, n_items)
            category: (n_items,) -1 for none
            category_names: what `category` counts
            groups: (n_users,) by attribute
            popularity: (n_items,) what the popularity model makes of them, a logarithm
        """
        n_users = len(histories)
        learned = np.random.default_rng(0).permutation(n_users) < n_users // 2
        rows, others = (np.flatnonzero(part).astype(np.int32) for part in (learned, ~learned))
        half = cls.of(histories.rows(rows), category, category_names, _members(groups, rows))
        asked = others[:ASKED]
        strength = _best_strength(half, histories.rows(asked), category, _members(groups, asked), np.expm1(popularity))
        return replace(cls.of(histories, category, category_names, groups), strength=strength)

    @classmethod
    def of(cls, histories: Histories, category: IndexArray, category_names: list[str], groups: Groups) -> Self:
        """Shares by group, shrunk to everybody's as an analysis of variance says (one-way, random effects; Searle,
        Casella and McCulloch, Variance Components, 1992): an attribute whose groups differ no more than chance makes
        them has no say, whatever its name.

        Args:
            histories: (n_users, n_items)
            category: (n_items,) -1 for none
            category_names: what `category` counts
            groups: (n_users,) by attribute
        """
        shares = _shares(histories, category, len(category_names))
        active = shares.any(axis=1)
        lifts = {}
        for attribute, of_users in groups.items():
            names = np.array(of_users, np.str_)
            known = active & (names != UNKNOWN)
            lifts[attribute] = _lifts(shares[known], names[known])
        return cls(category_names, lifts)

    def lift(self, groups: Mapping[str, str]) -> NDArray[np.float64]:
        """(n_categories,) of somebody of these groups, by attribute; what they say is taken to be independent."""
        total = np.ones(len(self.category_names))
        for attribute, group in groups.items():
            total *= np.array(self.lifts.get(attribute, {}).get(group, 1.0))
        return np.asarray(total**self.strength, np.float64)

    def save(self, folder: Path) -> None:
        save_json(folder, FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """None for a release without one."""
        return cls(**load_json(folder, FILE)) if (folder / f"{FILE}.json").is_file() else None


def _shares(histories: Histories, category: IndexArray, n_categories: int) -> NDArray[np.float64]:
    """(n_users, n_categories) of what each liked; rows sum to 1, or to 0 where nothing was liked."""
    weights = histories.weights
    liked = sparse.csr_array(
        (np.log1p(np.maximum(weights.data, 0)), weights.indices, weights.indptr), shape=weights.shape
    )
    known = np.flatnonzero(category >= 0)
    places = (np.ones(len(known), np.float32), (known, category[known]))
    amount = (liked @ sparse.csr_array(places, shape=(len(category), n_categories))).toarray().astype(np.float64)
    total = amount.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = np.divide(amount, total, out=np.zeros_like(amount), where=total > 0)
    return shares


def _lifts(shares: NDArray[np.float64], names: NDArray[np.str_]) -> dict[str, list[float]]:
    groups, members, sizes = np.unique(names, return_inverse=True, return_counts=True)
    large = sizes >= MIN_USERS
    if large.sum() <= 1:
        return {}
    kept = large[members]
    groups, members, sizes = np.unique(names[kept], return_inverse=True, return_counts=True)
    shares = shares[kept]
    everybody = shares.mean(axis=0)
    sums = np.zeros((len(groups), shares.shape[1]))
    np.add.at(sums, members, shares)
    trust = _trust(shares, members, sums, sizes)
    of_group = (sums + trust * everybody) / (sizes[:, None] + trust) if np.isfinite(trust) else everybody + 0 * sums
    lifts = np.divide(of_group, everybody, out=np.ones_like(sums), where=everybody > 0)
    return {str(group): row.round(6).tolist() for group, row in zip(groups, lifts, strict=True)}


def _trust(
    shares: NDArray[np.float64], members: NDArray[np.intp], sums: NDArray[np.float64], sizes: NDArray[np.intp]
) -> float:
    """Everybody's shares count as so many users of a group: variance within groups over that between them."""
    n, means = len(shares), sums / sizes[:, None]
    between = float((sizes[:, None] * (means - shares.mean(axis=0)) ** 2).sum()) / (len(sizes) - 1)
    within = float(((shares - means[members]) ** 2).sum()) / max(n - len(sizes), 1)
    typical = (n - float((sizes.astype(np.float64) ** 2).sum()) / n) / (len(sizes) - 1)
    variance = (between - within) / typical
    return within / variance if variance > 0 else float("inf")


def _members(groups: Groups, rows: IndexArray) -> Groups:
    return {attribute: [of_users[row] for row in rows.tolist()] for attribute, of_users in groups.items()}


def _best_strength(
    prior: DemographicPrior,
    asked: Histories,
    category: IndexArray,
    groups: Groups,
    popularity: NDArray[np.floating],
) -> float:
    """The one by which lists of what is popular, leant to each user's groups, have the highest mean NDCG for what the
    users touched; 0 unless it is surely higher than without.
    """
    touched, gains = asked.weights, []
    for row in range(len(asked)):
        wanted = touched.indices[touched.indptr[row] : touched.indptr[row + 1]]
        stated = {attribute: of[row] for attribute, of in groups.items() if of[row] != UNKNOWN}
        lean = np.append(np.maximum(prior.lift(stated), np.finfo(np.float64).tiny), 1.0)[category]
        gains.append([_ndcg(popularity * lean**strength, wanted) for strength in STRENGTHS])
    if not gains:
        return 0.0
    better = np.array(gains) - np.array(gains)[:, :1]
    best = int(better.mean(axis=0).argmax())
    sure = better[:, best].mean() > SURELY * better[:, best].std() / np.sqrt(len(better))
    return STRENGTHS[best] if sure else 0.0


def _ndcg(scores: NDArray[np.floating], wanted: IndexArray) -> float:
    """Of the first places."""
    top = np.argpartition(-scores, min(LISTED, len(scores) - 1))[:LISTED]
    listed = top[np.argsort(-scores[top], kind="stable")]
    discounts = 1 / np.log2(np.arange(2, len(listed) + 2))
    ideal = discounts[: len(wanted)].sum()
    return float((np.isin(listed, wanted) * discounts).sum() / ideal) if ideal else 0.0
