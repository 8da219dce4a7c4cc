"""A user's list as the dials want it: the candidates re-ranked, the difference to their scores as a share."""

from __future__ import annotations

import numpy as np

from recommendation_api.serving import taste
from recommendation_api.serving.ranking import Case, Ranking
from recsys.reranking.greedy import Dials, Float64Array, Pool, rerank
from recsys.reranking.likeness import Places, expectedness, likeness

DIVERSITY = "diversity"


def diversify(case: Case, candidates: Ranking, n: int, dials: Dials) -> Ranking:
    """The `n` that are good and as varied, unknown or surprising as asked for.

    Args:
        case: whose list
        candidates: best first, several times `n`
        n: length of the list
        dials: what the share `diversity` comes from
    """
    ground, positions = case.ground, candidates.positions
    places = Places(ground.view.category[positions], ground.column[positions])
    liked = _taste(case)
    models = case.release.models
    pool = Pool(
        scores=candidates.scores,
        likeness=likeness(models, places),
        category=places.category,
        taste=liked,
        familiarity=np.searchsorted(ground.ordered_popularity, ground.popularity[positions]) / len(ground.popularity),
        expectedness=expectedness(models, places, liked, case.history),
    )
    order, values = rerank(pool, n, dials)
    chosen = candidates.take(order)
    return Ranking(chosen.positions, chosen.rungs, {**chosen.shares, DIVERSITY: values - chosen.scores})


def _taste(case: Case) -> Float64Array:
    """(n_categories + 1,) shares that sum to 1, or zeros: what was learned, and what was said while that is little."""
    learned = taste.learned(case.ground.view, case.release, case.history).astype(np.float64)
    said = taste.stated(case.ground.view, case.person).astype(np.float64)
    fade = case.person.fade if said.any() else 0.0
    mixed = (1 - fade) * learned + fade * said / max(float(said.sum()), taste.TINY)
    shares: Float64Array = mixed / max(float(mixed.sum()), taste.TINY)
    return shares
