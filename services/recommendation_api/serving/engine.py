"""Lists for a batch of questions, from arrays to answers: pure arithmetic, run in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import numpy as np

from recommendation_api.schemas.recommendations import ListRequest
from recommendation_api.serving import exposure
from recommendation_api.serving.answer import Answer
from recommendation_api.serving.cache_key import query_digest
from recommendation_api.serving.catalogue_view import CatalogueView
from recommendation_api.serving.diversity import diversify
from recommendation_api.serving.explanations import DECIMALS, explanations, reason_about
from recommendation_api.serving.exploration import Explorer, explore
from recommendation_api.serving.filters import NO_FILTERS, Mask, available, drop, narrow
from recommendation_api.serving.live import Ground, LiveRelease
from recommendation_api.serving.nearby import near_touched, with_new
from recommendation_api.serving.paging import Bond, Page, next_token
from recommendation_api.serving.people import Crowd
from recommendation_api.serving.pins import count_ruled, place, plan, with_rules
from recommendation_api.serving.ranking import REFILL, Case, Ranking, rank
from recommendation_api.serving.reasons import reasons
from recommendation_api.serving.rulings import Rulings
from recommendation_api.serving.stages import stage
from recommendation_api.serving.without import losses
from recsys.algorithms.base import FloatArray, Histories, IndexArray
from recsys.domain import GUEST, Algorithm, Recommendation
from recsys.ports import KeptList
from recsys.reranking.greedy import Dials, pool_size
from recsys.settings import EventWeights


@dataclass(frozen=True, slots=True)
class Question:
    """One list to make, for the person in row `row` of the crowd."""

    request: ListRequest
    row: int
    dials: Dials
    page: Page
    degraded: tuple[str, ...] = ()
    """Dependencies that this question found away, beside those of the batch."""


@dataclass(frozen=True, slots=True)
class Computed:
    body: bytes
    kept: KeptList
    stays_right_until: float
    """Unix seconds: the next time that the availability of an item or a rule could change this list."""


@dataclass(frozen=True, slots=True)
class Batch:
    live: LiveRelease
    view: CatalogueView
    crowd: Crowd
    now: datetime
    degraded: Sequence[str]
    weights: EventWeights
    explorer: Explorer | None = None
    """None: new items get no places of their own."""
    trial: Rulings | None = None
    """Instead of the catalogue's rules; then nothing is counted."""

    def rulings(self) -> Rulings:
        return self.trial or self.live.rulings(self.view)


def compute(batch: Batch, questions: Sequence[Question]) -> list[Computed]:
    """An answer to each question; the scores of one algorithm come from one product over all of its users."""
    ground = batch.live.over(batch.view)
    on_offer = available(batch.view, batch.now.timestamp())
    results: dict[int, Computed] = {}
    for algorithm in dict.fromkeys(question.request.algorithm for question in questions):
        asked = [index for index, question in enumerate(questions) if question.request.algorithm is algorithm]
        rows = sorted({questions[index].row for index in asked})
        histories = batch.crowd.histories.rows(np.array(rows, np.int32))
        with stage("candidates"):
            model = batch.live.release.models[algorithm]
            parts = model.parts(histories)
        for index in asked:
            at = rows.index(questions[index].row)
            history = histories.rows(np.array([at], np.int32))
            own = {name: part[at] for name, part in parts.items()}
            person = batch.crowd.people[questions[index].row]
            own = with_new(own, model, ground, person, history=history, weights=batch.weights)
            case = _case(batch, ground, questions[index], history, own)
            results[index] = _answer(batch, case, questions[index], on_offer)
    return [results[index] for index in range(len(questions))]


def _case(batch: Batch, ground: Ground, question: Question, history: Histories, parts: dict[str, FloatArray]) -> Case:
    person, algorithm = batch.crowd.people[question.row], Algorithm(question.request.algorithm)
    ruling = batch.rulings().of(algorithm, batch.now.timestamp())
    near = None
    if person.n_events and not history.weights.nnz:
        near = near_touched(ground, batch.live.release, person, batch.weights)
    return Case(ground, batch.live.release, algorithm, person, history, parts, ruling, near)


def _answer(batch: Batch, case: Case, question: Question, on_offer: Mask) -> Computed:
    request = question.request
    with stage("filters"):
        allowed = _allowed(case, question, on_offer)
    with stage("blend"):
        ranking, plain, propensities = _made(batch, case, question, allowed)
    if batch.trial is None:
        exposure.count(case, ranking, plain)
        count_ruled(case, ranking)
    with stage("explain"):
        recommendations = _described(case, ranking, batch.weights, explain=request.explain)
    recommendations = with_rules(case, ranking, recommendations)
    item_ids = case.ground.view.item_ids[ranking.positions]
    token = None
    bond = Bond(query_digest(request), batch.live.version)
    if len(recommendations) and np.count_nonzero(allowed) > len(recommendations):
        token = next_token(question.page, item_ids, recommendations[-1].score, bond)
    recommendation_id = str(uuid4())
    answer = Answer(
        asker=request.asker,
        algorithm=request.algorithm.value,
        release=batch.live.version,
        recommendation_id=recommendation_id,
        generated_at=batch.now,
        cold_start=case.person.n_events == 0,
        degraded=(*question.degraded, *batch.degraded),
        recommendations=recommendations,
        next_page_token=token,
    )
    kept = KeptList(
        recommendation_id,
        case.person.user_id,
        batch.live.version,
        request.algorithm.value,
        item_ids.tolist(),
        batch.now,
        propensities,
    )
    boundary = _boundary(batch, ranking, is_short=len(recommendations) < request.num_recommendations)
    return Computed(answer.to_bytes(), kept, min(boundary, case.ruling.until))


def _allowed(case: Case, question: Question, on_offer: Mask) -> Mask:
    filters = question.request.filters or NO_FILTERS
    view = case.ground.view
    allowed = narrow(on_offer, view, filters)
    if not filters.include_seen:
        drop(allowed, view, case.person.seen)
    drop(allowed, view, case.person.hidden)
    drop(allowed, view, question.page.shown)
    case.ruling.narrow(allowed)
    return allowed


def _made(
    batch: Batch, case: Case, question: Question, allowed: Mask
) -> tuple[Ranking, IndexArray, list[float] | None]:
    """The list, the positions that it would hold without the dials, and how likely each item was."""
    n, first = question.request.num_recommendations, len(question.page.shown)
    planned = plan(case.ruling.pins, allowed, first=first, n=n)
    ranking, plain = _ranked(case, question, planned.allowed, planned.free)
    ranking, propensities = _explored(batch, case, question, ranking, planned.allowed, n=planned.free)
    pins = planned.pinned(len(ranking.positions))
    if not pins:
        return ranking, plain, propensities
    placed = place(case, ranking, pins, first=first, ceiling=question.page.ceiling)
    pinned = np.array([pin.position for pin in pins], np.int32)
    likely = None if propensities is None else [*propensities, *(1.0 for _ in pins)]
    in_order = None if likely is None else [likely[index] for index in placed.order]
    return placed.ranking, np.concatenate([plain, pinned]), in_order


def _explored(
    batch: Batch, case: Case, question: Question, ranking: Ranking, allowed: Mask, *, n: int
) -> tuple[Ranking, list[float] | None]:
    """The same question about the same history gets the same draw that day, from whichever worker. Guests explore
    nothing: their lists are not kept, so nobody would know the propensities.
    """
    if batch.explorer is None or case.person.user_id == GUEST:
        return ranking, None
    state = (query_digest(question.request), n, len(question.page.shown), case.person.n_events)
    seed = repr((*state, batch.live.version, batch.now.date()))
    explored = explore(case, ranking, allowed, batch.explorer, n=n, seed=seed)
    return explored.ranking, explored.propensities


def _ranked(case: Case, question: Question, allowed: Mask, n: int) -> tuple[Ranking, IndexArray]:
    """The list, and the positions that it would hold without the dials."""
    if not question.dials:
        ranking = rank(case, allowed, n)
        return _under(ranking, question.page.ceiling), ranking.positions
    candidates = rank(case, allowed, pool_size(n))
    plain = candidates.positions[:n]
    ranking = diversify(case, candidates, n, question.dials)
    return _under(ranking, question.page.ceiling), plain


def _under(ranking: Ranking, ceiling: float) -> Ranking:
    """Lowered as a whole, so that a later page never begins above the end of the one before."""
    if not len(ranking.positions) or ranking.scores[0] <= ceiling:
        return ranking
    shift = np.full(len(ranking.positions), ceiling - ranking.scores[0])
    shares = {**ranking.shares, REFILL: ranking.shares.get(REFILL, 0) + shift}
    return Ranking(ranking.positions, ranking.rungs, shares)


def _described(case: Case, ranking: Ranking, weights: EventWeights, *, explain: bool | str) -> list[Recommendation]:
    view = case.ground.view
    reasoning = reason_about(case, ranking, weights)
    sentences = reasons(case, ranking, reasoning, weights)
    scores = [round(score, DECIMALS) for score in ranking.scores.tolist()]
    lost = losses(case, ranking, reasoning, weights) if isinstance(explain, str) else None
    explained = explanations(ranking, reasoning, scores, lost) if explain else []
    codes = view.category[ranking.positions].tolist()
    return [
        Recommendation(
            rank=index + 1,
            item_id=int(view.item_ids[position]),
            title=view.titles[position],
            category=view.category_names[codes[index]] if codes[index] >= 0 else None,
            score=scores[index],
            reason=sentences[index],
            explanation=explained[index] if explain else None,
        )
        for index, position in enumerate(ranking.positions.tolist())
    ]


def _boundary(batch: Batch, ranking: Ranking, *, is_short: bool) -> float:
    """The first end among the listed items; where the list came out short, also the next item to go on offer."""
    ends = batch.view.available_until[ranking.positions]
    boundary = float(ends.min(initial=np.inf))
    if is_short:
        starts = batch.view.available_from
        boundary = min(boundary, float(starts[starts > batch.now.timestamp()].min(initial=np.inf)))
    return boundary
