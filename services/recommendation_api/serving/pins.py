"""Items that have a place of their own in a list, whatever their score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving.filters import Mask
from recommendation_api.serving.ranking import Case, Ranking, appended, rank
from recommendation_api.serving.rulings import Pin
from recsys.algorithms.base import IndexArray
from recsys.domain import ActingRule, Recommendation
from recsys.rules import RuleAction
from recsys.telemetry import RULED_ITEMS

FEATURED = "Featured"
_RULED = {action.value: RULED_ITEMS.labels(action.value) for action in RuleAction if action is not RuleAction.BLOCK}


@dataclass(frozen=True, slots=True)
class Plan:
    """Who has a place on one page of a list."""

    here: Sequence[Pin]
    """By place."""
    later: Sequence[Pin]
    """Behind this page: they wait, unless the list ends before."""
    allowed: Mask
    """(n_positions,) what may stand in the other places"""
    free: int
    """How many other places there are"""

    def pinned(self, listed: int) -> Sequence[Pin]:
        """Those that stand on the page, where other items fill `listed` of the free places."""
        return [*self.here, *self.later[: self.free - listed]]


def plan(pins: Sequence[Pin], allowed: Mask, *, first: int, n: int) -> Plan:
    """For the `n` places behind the `first` ones, which earlier pages had: a pin brings nothing that may not stand in
    the list, and one whose place lies on an earlier page has no effect.
    """
    ahead = [pin for pin in pins if allowed[pin.position] and pin.place > first]
    if not ahead:
        return Plan((), (), allowed, n)
    open_to_others = allowed.copy()
    open_to_others[[pin.position for pin in ahead]] = False
    here = [pin for pin in ahead if pin.place <= first + n][:n]
    return Plan(here, ahead[len(here) :], open_to_others, n - len(here))


@dataclass(frozen=True, slots=True)
class Placed:
    """A list with its pins."""

    ranking: Ranking
    order: IndexArray
    """(k,) where each item comes from: the list without pins, then the pins"""


def place(case: Case, ranking: Ranking, pins: Sequence[Pin], *, first: int, ceiling: float) -> Placed:
    """`ranking` with each pin in its place, or as near to it as the list is long.

    A pinned item keeps its own score as far as the order allows; what it needs more, or less, is the rule's share.

    Args:
        case: whose list
        ranking: the other items
        pins: by place
        first: how many places the pages before this one had
        ceiling: no score is higher
    """
    own = _own(case, pins)
    order = in_places(len(ranking.positions), [pin.place - first - 1 for pin in pins])
    joined = Ranking(
        np.concatenate([ranking.positions, own.positions]),
        np.concatenate([ranking.rungs, own.rungs]),
        appended(ranking.shares, own.shares, len(ranking.positions), len(own.positions)),
    ).take(order)
    pinned = order >= len(ranking.positions)
    missing = fitting(joined.scores, pinned, ceiling) - joined.scores
    shares = dict(joined.shares)
    for index in np.flatnonzero(pinned).tolist():
        source = pins[order[index] - len(ranking.positions)].rule.source
        share = shares.setdefault(source, np.zeros(len(order))).copy()
        share[index] += missing[index]
        shares[source] = share
    return Placed(Ranking(joined.positions, joined.rungs, shares), order)


def with_rules(case: Case, ranking: Ranking, told: list[Recommendation]) -> list[Recommendation]:
    """The list, each explanation with the rules that acted on its item, and each pinned item with a reason."""
    if not (case.ruling.scaling or case.ruling.pins):
        return told
    pinned = {pin.position for pin in case.ruling.pins if pin.rule.source in ranking.shares}
    return [
        replace(
            item,
            reason=FEATURED if position in pinned else item.reason,
            explanation=item.explanation and replace(item.explanation, rules=_acting(case, ranking, index)),
        )
        for index, (item, position) in enumerate(zip(told, ranking.positions.tolist(), strict=True))
    ]


def count_ruled(case: Case, ranking: Ranking) -> None:
    """Count the items of a list that rules moved."""
    if not (case.ruling.scaling or case.ruling.pins):
        return
    for index in range(len(ranking.positions)):
        for action in {rule.action for rule in _acting(case, ranking, index)}:
            _RULED[action].inc()


def _acting(case: Case, ranking: Ranking, index: int) -> tuple[ActingRule, ...]:
    """The rules that moved the item at `index`, oldest first; a pin also where the item would have stood there."""
    position = int(ranking.positions[index])
    shares = ranking.shares
    rules = [rule for rule, _ in case.ruling.scaling if rule.source in shares and shares[rule.source][index]]
    rules += [pin.rule for pin in case.ruling.pins if pin.position == position and pin.rule.source in shares]
    return tuple(
        ActingRule(rule.rule_id, rule.version, rule.terms.name, rule.terms.action.value)
        for rule in sorted(rules, key=lambda rule: rule.rule_id)
    )


def _own(case: Case, pins: Sequence[Pin]) -> Ranking:
    """The pinned items with the scores that they would have by themselves, in the order of `pins`."""
    allowed = np.zeros(len(case.ground.view.item_ids), np.bool_)
    positions = np.array([pin.position for pin in pins], np.int32)
    allowed[positions] = True
    ranked = rank(case, allowed, len(pins))
    at = {position: index for index, position in enumerate(ranked.positions.tolist())}
    return ranked.take(np.array([at[position] for position in positions.tolist()], np.int32))


def in_places(n_others: int, wanted: Sequence[int]) -> IndexArray:
    """(n,) others in their order, and the pins, counted on from them, each in the next free place from the wanted one
    on, else in the last free one before it.
    """
    total = n_others + len(wanted)
    order = np.full(total, -1, np.int32)
    for index, place_wanted in enumerate(wanted):
        free = np.flatnonzero(order < 0)
        behind = free[free >= place_wanted]
        order[behind[0] if len(behind) else free[-1]] = n_others + index
    order[order < 0] = np.arange(n_others)
    return order


def fitting(scores: NDArray[np.float64], pinned: NDArray[np.bool_], ceiling: float) -> NDArray[np.float64]:
    """(n,) the scores, those of pinned items moved between the ones around them."""
    fitted = scores.copy()
    others = np.where(pinned, -np.inf, scores)
    below = np.maximum.accumulate(others[::-1])[::-1]
    above = ceiling
    for index in np.flatnonzero(pinned):
        if index:
            above = fitted[index - 1]
        fitted[index] = min(max(scores[index], below[index]), above)
    return fitted
