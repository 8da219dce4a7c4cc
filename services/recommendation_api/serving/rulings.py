"""What the rules come to over one state of the catalogue: which items are kept out, lifted, lowered and pinned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving.catalogue_view import CatalogueView
from recommendation_api.serving.filters import Mask
from recommendation_api.serving.ids import locate
from recsys.algorithms.base import FloatArray, IndexArray
from recsys.domain import Algorithm
from recsys.rules import Rule, RuleAction, RuleTarget


@dataclass(frozen=True, slots=True)
class Pin:
    """One item in one place."""

    rule: Rule
    place: int
    """From 1, over all pages."""
    position: int
    """In the catalogue."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What holds for the lists of one algorithm from one moment to `until`."""

    blocked: Mask | None = None
    """(n_positions,)"""
    factors: FloatArray | None = None
    """(n_positions,) what all of `scaling` come to; None where there are none"""
    most: float = 1.0
    """The largest of them"""
    scaling: Sequence[tuple[Rule, Mask]] = ()
    """Boosts and buries, oldest rule first, and the items that each acts on."""
    pins: Sequence[Pin] = ()
    """By place, oldest rule first."""
    since: float = -np.inf
    until: float = np.inf
    """Unix seconds: the next start or end of a rule."""

    def narrow(self, allowed: Mask) -> None:
        """Take what is blocked out of `allowed`, in place."""
        if self.blocked is not None:
            allowed &= ~self.blocked

    def scaled(self, scores: FloatArray) -> FloatArray:
        """(n_positions,) of which none is negative."""
        return scores if self.factors is None else scores * self.factors

    def shares(self, positions: IndexArray, scores: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """(k,) by rule, what each adds to the scores of the items at `positions`, one after the other."""
        added: dict[str, NDArray[np.float64]] = {}
        for rule, mask in self.scaling:
            hit = mask[positions]
            if hit.any():
                after = np.where(hit, scaled(scores, rule.terms.factor or 1.0), scores)
                added[rule.source] = after - scores
                scores = after
        return added


NOTHING_RULED = Ruling()


def scaled(scores: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """Times `factor`; below 0 by it, so that a boost always lifts and a bury always lowers."""
    return np.where(scores < 0, scores / factor, scores * factor)


class Rulings:
    """The rules of one catalogue view, worked out for each algorithm when it is first asked for."""

    def __init__(self, view: CatalogueView, rules: Sequence[Rule]) -> None:
        self.view, self._rules = view, rules
        self._known: dict[Algorithm, Ruling] = {}

    def of(self, algorithm: Algorithm, at: float) -> Ruling:
        """What holds for its lists at `at`, unix seconds."""
        if not self._rules:
            return NOTHING_RULED
        known = self._known.get(algorithm)
        if known is None or not known.since <= at < known.until:
            known = self._known[algorithm] = self._work_out(algorithm, at)
        return known

    def _work_out(self, algorithm: Algorithm, at: float) -> Ruling:
        ours = [rule for rule in self._rules if not rule.terms.algorithms or algorithm in rule.terms.algorithms]
        now = datetime.fromtimestamp(at, UTC)
        holding = [rule for rule in ours if rule.holds(now)]
        scaling = [
            (rule, self._mask(rule.terms.target))
            for rule in holding
            if rule.terms.action in {RuleAction.BOOST, RuleAction.BURY}
        ]
        factors = _factors(scaling, len(self.view.item_ids))
        return Ruling(
            blocked=self._blocked(rule for rule in holding if rule.terms.action is RuleAction.BLOCK),
            factors=factors,
            most=1.0 if factors is None else float(factors.max(initial=1)),
            scaling=scaling,
            pins=self._pins(rule for rule in holding if rule.terms.action is RuleAction.PIN),
            since=at,
            until=_next_boundary(ours, at),
        )

    def _blocked(self, rules: Iterable[Rule]) -> Mask | None:
        blocked = None
        for rule in rules:
            mask = self._mask(rule.terms.target)
            blocked = mask if blocked is None else blocked | mask
        return blocked

    def _pins(self, rules: Iterable[Rule]) -> list[Pin]:
        """An item that several rules pin has the first of its places."""
        pins: dict[int, Pin] = {}
        for rule in rules:
            positions = locate(self.view.item_ids, np.array(rule.terms.target.item_ids, np.int64)).tolist()
            for place, position in enumerate(positions, rule.terms.position or 1):
                if position >= 0 and (position not in pins or place < pins[position].place):
                    pins[position] = Pin(rule, place, position)
        return sorted(pins.values(), key=lambda pin: (pin.place, pin.rule.rule_id))

    def _mask(self, target: RuleTarget) -> Mask:
        return matching(self.view, target)


def matching(view: CatalogueView, target: RuleTarget) -> Mask:
    """(n_positions,) the items that each of the target's lists names."""
    mask = np.ones(len(view.item_ids), np.bool_)
    if target.item_ids:
        named = np.zeros_like(mask)
        positions = locate(view.item_ids, np.array(target.item_ids, np.int64))
        named[positions[positions >= 0]] = True
        mask &= named
    if target.categories:
        codes = [view.category_codes[name] for name in target.categories if name in view.category_codes]
        mask &= np.isin(view.category, codes)
    if target.brands:
        mask &= _labelled(view.labels.brands, target.brands, len(mask))
    if target.tags:
        mask &= _labelled(view.labels.tags, target.tags, len(mask))
    return mask


def _labelled(positions: Mapping[str, IndexArray], wanted: Iterable[str], n: int) -> Mask:
    mask = np.zeros(n, np.bool_)
    for name in wanted:
        if name in positions:
            mask[positions[name]] = True
    return mask


def _factors(scaling: Sequence[tuple[Rule, Mask]], n: int) -> FloatArray | None:
    if not scaling:
        return None
    factors = np.ones(n, np.float32)
    for rule, mask in scaling:
        factors[mask] *= np.float32(rule.terms.factor)
    return factors


def _next_boundary(rules: Iterable[Rule], at: float) -> float:
    moments = (moment for rule in rules for moment in (rule.terms.starts_at, rule.terms.ends_at) if moment)
    return min((moment.timestamp() for moment in moments if moment.timestamp() > at), default=float(np.inf))
