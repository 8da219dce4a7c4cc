"""The verdict on the models: what they rank against what users did later, beside what each of them has to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from model_trainer.baselines import RANDOM, RECENT_POPULAR, random_lists, recent_popular
from model_trainer.decision import Reason, Refusal
from model_trainer.exits import ReleaseRefused
from model_trainer.plan import Plan
from model_trainer.trade_off import DialQuality, trade_off
from recsys.algorithms.base import IndexArray, Recommender, TrainingData
from recsys.algorithms.content_based import ContentBased
from recsys.algorithms.svd import Svd
from recsys.algorithms.top import top
from recsys.domain import EVENT_CODES, Algorithm, EventType
from recsys.evaluation import metrics
from recsys.evaluation.beyond_accuracy import Surroundings, tastes
from recsys.evaluation.bootstrap import Interval, paired_bootstrap
from recsys.evaluation.judge import MRR_CUT, Judgement, judge_all, judgement
from recsys.evaluation.leak import future_pairs
from recsys.evaluation.metrics import PerUser
from recsys.evaluation.ranking import NO_ITEM
from recsys.evaluation.segments import Lists, SegmentQuality, item_age, item_popularity, user_activity
from recsys.evaluation.splits import judged_users, relevant_items
from recsys.preferences import Events
from recsys.settings import EventWeights

KS = (10, 20)
K = 10
HEADLINE = f"ndcg@{K}"
BATCH = 256
FAVOURITES = 10


@dataclass(frozen=True)
class Questions:
    """Whom to rank for, and what they came to like."""

    relevant: sparse.csr_array
    """(n_users, n_items)"""
    users: IndexArray
    """(n,) rows with a history before the cut and something new to find after it"""
    n_newcomers: int
    """Left out: nothing is known of them before the cut, so that every algorithm gives the cold list."""


@dataclass(frozen=True)
class Verdict:
    metrics: Mapping[str, Mapping[str, float]]
    """By algorithm and for each baseline: `ndcg@10`, …, `coverage@10`, …; `rmse` and `mae` where ratings
    are predicted."""
    n_users: int
    n_newcomers: int
    versus_popularity: Interval
    """The hybrid's NDCG@10 over popularity's, 95 %."""
    versus_random: Interval
    """The hybrid's NDCG@10 less random's, 95 %."""
    users: IndexArray = field(default_factory=lambda: np.empty(0, np.int32))
    """(n_users,) rows of those that were asked for."""
    ndcg: PerUser = field(default_factory=lambda: np.empty(0))
    """(n_users,) the hybrid's NDCG@10 for each."""
    n_empty: int = 0
    """Users for whom the hybrid's list is empty."""
    reach: float = 1.0
    """Different items in the hybrid's lists of 10, as a share of as many as these could hold."""
    segments: Sequence[SegmentQuality] = ()
    """The hybrid's quality beside popularity's."""
    over_popularity: Mapping[str, Interval] = field(default_factory=dict)
    """NDCG@10 over popularity's, 95 %, of each model and baseline."""
    favourites: Sequence[tuple[int, float]] = ()
    """The items that the hybrid shows most: column, and the share of the users who get it in their first 10."""
    dial: Sequence[DialQuality] = ()
    """What the hybrid's lists are worth, and how varied they are, at each setting of the diversity dial."""


def questions(later: Events, known: TrainingData, weights: EventWeights, *, limit: int, seed: int) -> Questions:
    """What `later` asks of models that were fitted on `known`; at most `limit` users, drawn at random."""
    relevant = relevant_items(later, known.histories, weights=weights)
    users = judged_users(relevant)
    warm = users[np.diff(known.histories.weights.indptr)[users] > 0]
    drawn = np.random.default_rng(seed).permutation(warm)[:limit]
    return Questions(relevant, np.sort(drawn), len(users) - len(warm))


def judge_models(
    models: Mapping[Algorithm, Recommender], train: TrainingData, test: Events, weights: EventWeights, plan: Plan
) -> Verdict | None:
    """Judge models that were fitted on `train` on what happened afterwards; None where nobody can be asked.

    Raises:
        ReleaseRefused: `train` reaches into `test`, so that the verdict would be worth nothing
    """
    if late := future_pairs(train, test):
        sentence = f"Not published: {late:,} pairs of the training part are not from before what is judged on."
        raise ReleaseRefused(Refusal(Reason.FUTURE_SEEN, sentence))
    asked = questions(test, train, weights, limit=plan.judged_users, seed=plan.seed)
    if not len(asked.users):
        return None
    named = {name.value: model for name, model in models.items()} | {RECENT_POPULAR: recent_popular(train, plan)}
    judged = judge_all(named, train.histories, asked.relevant, asked.users, ks=KS, batch=BATCH)
    chance = random_lists(train, asked.users, MRR_CUT, seed=plan.seed, batch=BATCH)
    judged[RANDOM] = judgement(chance, asked.relevant, asked.users, KS)
    around = _surroundings(judged[Algorithm.POPULARITY], train, asked, models)
    measured = {name: {**one.overall, **around.measure(one, K)} for name, one in judged.items()}
    for name, model in models.items():
        measured[name.value] |= _rating_errors(model, test)
    headline = {name: one.per_user[HEADLINE] for name, one in judged.items()}
    lists = judged[Algorithm.HYBRID.value].ranked[:, :K]
    hybrid, popularity = headline[Algorithm.HYBRID], headline[Algorithm.POPULARITY]
    ratios = {
        name: paired_bootstrap(values, popularity, statistic="ratio", seed=plan.seed)
        for name, values in headline.items()
    }
    return Verdict(
        metrics=measured,
        n_users=len(asked.users),
        n_newcomers=asked.n_newcomers,
        versus_popularity=ratios[Algorithm.HYBRID],
        versus_random=paired_bootstrap(hybrid, headline[RANDOM], statistic="difference", seed=plan.seed),
        users=asked.users,
        ndcg=hybrid,
        n_empty=int((lists[:, 0] == NO_ITEM).sum()),
        reach=len(np.unique(lists[lists != NO_ITEM])) / min(lists.size, len(train.item_ids)),
        segments=_segments(judged[Algorithm.HYBRID], around, train),
        over_popularity=ratios,
        favourites=_favourites(lists, len(train.item_ids)),
        dial=trade_off(models, train, asked.relevant, asked.users, k=K),
    )


def _surroundings(
    popularity: Judgement, train: TrainingData, asked: Questions, models: Mapping[Algorithm, Recommender]
) -> Surroundings:
    content = models.get(Algorithm.CONTENT_BASED)
    return Surroundings(
        touched_by=np.bincount(train.histories.weights.indices, minlength=len(train.item_ids)),
        n_users=len(train.user_ids),
        relevant=asked.relevant,
        primitive=popularity.ranked,
        category=train.content.category,
        tastes=tastes(train.histories.rows(asked.users), train.content),
        vectors=content.items if isinstance(content, ContentBased) else None,
    )


def _favourites(lists: IndexArray, n_items: int) -> list[tuple[int, float]]:
    shown = metrics.exposure(lists, n_items, K)
    return [(int(item), float(shown[item] / len(lists))) for item in top(shown, FAVOURITES) if shown[item]]


def _segments(hybrid: Judgement, around: Surroundings, train: TrainingData) -> list[SegmentQuality]:
    known = np.diff(train.histories.weights.indptr)
    lists = Lists(hybrid.ranked, around.primitive, around.relevant[hybrid.users], K)
    age, popularity = item_age(train.histories, train.as_of), item_popularity(around.touched_by)
    return lists.by_users(user_activity(known[hybrid.users], known)) + lists.by_items(age, popularity)


def _rating_errors(model: Recommender, test: Events) -> dict[str, float]:
    """RMSE and MAE over the test part's ratings, for a model that predicts them."""
    rated = test.where(test.types == EVENT_CODES[EventType.RATING])
    if not isinstance(model, Svd) or model.ratings is None or not len(rated):
        return {}
    predicted = model.predict_ratings(rated.users, rated.items)
    return {"rmse": metrics.rmse(predicted, rated.values), "mae": metrics.mae(predicted, rated.values)}
