"""Ranking and the measures against trec_eval, which is somebody else's program in another language."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import pytrec_eval
from numpy.typing import NDArray
from scipy import sparse

from recsys.evaluation.judge import MRR_CUT, Judgement, judgement
from recsys.evaluation.ranking import rank

N_ITEMS = 150
KS = (1, 5, 10, 20, 100)
TREC = {"P": "precision", "recall": "recall", "ndcg_cut": "ndcg", "success": "hit_rate"}


@dataclass(frozen=True)
class Draw:
    scores: NDArray[np.float32]
    relevant: sparse.csr_array
    excluded: sparse.csr_array

    def judged(self) -> Judgement:
        users = np.arange(len(self.scores), dtype=np.int32)
        return judgement(rank(self.scores, self.excluded, MRR_CUT), self.relevant, users, KS)

    def trec(self, measures: set[str]) -> list[dict[str, float]]:
        """By user; trec_eval says nothing of who has no list, or nothing to find."""
        wanted = {str(user): {_name(item): 1 for item in self._row(self.relevant, user)} for user in self._users()}
        run = {
            str(user): {
                _name(item): float(self.scores[user, item])
                for item in set(range(N_ITEMS)) - set(self._row(self.excluded, user))
                if self.scores[user, item] > -np.inf
            }
            for user in self._users()
        }
        found = pytrec_eval.RelevanceEvaluator(wanted, measures).evaluate(run)
        return [found.get(str(user), {}) for user in self._users()]

    def _users(self) -> range:
        return range(len(self.scores))

    @staticmethod
    def _row(matrix: sparse.csr_array, user: int) -> list[int]:
        columns: list[int] = matrix[[user]].indices.tolist()
        return columns


def _name(item: int) -> str:
    """trec_eval shows the last name first among equals, we the first item."""
    return f"{N_ITEMS - item:04d}"


def _draw(seed: int, *, levels: int, density: float, shown: float) -> Draw:
    """Users with and without something to find; `levels` different scores; a share of items that may be shown."""
    rng = np.random.default_rng(seed)
    scores = (rng.integers(0, levels, (60, N_ITEMS)) / levels).astype(np.float32)
    scores[rng.random(scores.shape) > shown] = -np.inf
    scores[0] = -np.inf
    relevant = sparse.csr_array((rng.random(scores.shape) < density).astype(np.float32))
    excluded = sparse.csr_array((rng.random(scores.shape) < 0.1).astype(np.float32))
    return Draw(scores, relevant, excluded)


DRAWS = {
    "no ties": _draw(1, levels=1_000_000, density=0.05, shown=1.0),
    "ties everywhere": _draw(2, levels=4, density=0.05, shown=1.0),
    "one score": _draw(3, levels=1, density=0.2, shown=1.0),
    "short lists": _draw(4, levels=50, density=0.1, shown=0.04),
    "more to find than fits": _draw(5, levels=50, density=0.7, shown=1.0),
    "little to find": _draw(6, levels=50, density=0.005, shown=1.0),
}


@pytest.fixture(params=DRAWS.values(), ids=list(DRAWS))
def draw(request: pytest.FixtureRequest) -> Draw:
    found: Draw = request.param
    return found


@pytest.mark.parametrize("name", TREC)
def test_the_measure_is_trec_evals(draw: Draw, name: str) -> None:
    measured = draw.judged().per_user
    theirs = draw.trec({f"{name}.{','.join(map(str, KS))}"})
    for k in KS:
        expected = [row.get(f"{name}_{k}", 0.0) for row in theirs]
        assert measured[f"{TREC[name]}@{k}"].tolist() == pytest.approx(expected, abs=1e-6), k


def test_average_precision_is_trec_evals_over_what_fits_into_the_list(draw: Draw) -> None:
    measured = draw.judged().per_user
    theirs = draw.trec({f"map_cut.{','.join(map(str, KS))}"})
    count = np.diff(draw.relevant.indptr)
    for k in KS:
        over_all = np.array([row.get(f"map_cut_{k}", 0.0) for row in theirs])
        expected = over_all * count / np.maximum(np.minimum(count, k), 1)
        assert measured[f"map@{k}"].tolist() == pytest.approx(expected.tolist(), abs=1e-6), k


def test_the_reciprocal_rank_is_trec_evals_within_the_cut(draw: Draw) -> None:
    theirs = [row.get("recip_rank", 0.0) for row in draw.trec({"recip_rank"})]
    expected = [value if value * MRR_CUT >= 1 else 0.0 for value in theirs]
    assert draw.judged().per_user["mrr"].tolist() == pytest.approx(expected, abs=1e-6)


def test_something_was_found_and_somebody_had_nothing(draw: Draw) -> None:
    recall = draw.judged().per_user["recall@100"]
    assert recall.max() > 0
    assert recall.min() == 0
