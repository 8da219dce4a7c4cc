"""The models of the library implicit, each tuned over a grid, on the split and by the measures of `benchmark`.

    python benchmarks/implicit_models.py --train F --test F [--k 10] [--validation …] [--binary] [--min-value V]
        [--seed S] [--models als,bm25] [--json OUT]

Takes the flags of `python -m model_trainer benchmark` and cuts the same validation part from train; every setting of
the grid is fitted before it, the one with the best NDCG at the first length is fitted on all of train and scored on
the test file. Users without a history get no list.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "services"), str(Path(__file__).resolve().parents[1])]

from model_trainer.benchmark.dataset import Dataset, assemble  # noqa: E402 - by the path above
from model_trainer.benchmark.files import read_interactions  # noqa: E402
from model_trainer.benchmark.run import Bench  # noqa: E402
from model_trainer.benchmark.validation import Validation, decide  # noqa: E402
from model_trainer.steps import peak_memory_mb  # noqa: E402
from recsys.algorithms.base import IndexArray  # noqa: E402
from recsys.errors import DataRefused  # noqa: E402
from recsys.evaluation import metrics  # noqa: E402
from recsys.evaluation.judge import judgement  # noqa: E402
from recsys.evaluation.ranking import NO_ITEM  # noqa: E402
from recsys.evaluation.splits import judged_users  # noqa: E402

Settings = Mapping[str, Any]
DEPTH = 100
"""What mrr needs."""
WORST_SCORE = -1e30
"""The library pads lists with items that it must not recommend, scored lower than this."""
REFUSED = 2


def _neighbours() -> tuple[int, ...]:
    return (5, 10, 15, 20, 30, 40, 50, 60, 75, 90, 100, 125, 150, 200, 250, 300, 400, 500, 700, 1000)


GRIDS: dict[str, dict[str, tuple[Any, ...]]] = {
    "als": {"factors": (32, 64, 128), "alpha": (1.0, 5.0, 20.0), "regularization": (0.01, 1.0, 10.0, 30.0)},
    "bpr": {
        "factors": (32, 64),
        "learning_rate": (0.02, 0.05, 0.1, 0.2),
        "regularization": (0.001, 0.01, 0.05),
        "iterations": (60,),
    },
    "lmf": {
        "factors": (16, 32),
        "learning_rate": (0.3, 1.0),
        "regularization": (0.1, 0.6, 2.0, 6.0, 20.0),
        "neg_prop": (10,),
    },
    "cosine": {"K": _neighbours()},
    "tfidf": {"K": _neighbours()},
    "bm25": {"K": (20, 50, 100, 200), "B": (0.0, 0.25, 0.75), "K1": (0.5, 1.2, 3.0)},
}
"""At least 20 settings each."""


@dataclass(frozen=True)
class Part:
    """What is known, and what is asked of whom."""

    known: sparse.csr_matrix
    """(n_users, n_items) weights"""
    relevant: sparse.csr_array
    """(n_users, at least n_items) ones"""
    users: IndexArray
    """(n,) rows that are asked"""

    def lists(self, model: Any, users: IndexArray) -> IndexArray:
        """(n, DEPTH) each user's items that are not known, best first; `NO_ITEM` where there are no more."""
        ranked = np.full((len(users), DEPTH), NO_ITEM, np.int32)
        warm = np.diff(self.known.indptr)[users] > 0
        depth = min(DEPTH, self.known.shape[1])
        items, scores = model.recommend(users[warm], self.known[users[warm]], N=depth, filter_already_liked_items=True)
        good = (items >= 0) & (scores > WORST_SCORE) & ~self._holds(users[warm], items)
        first = np.argsort(~good, axis=1, kind="stable")
        ranked[warm, :depth] = np.take_along_axis(np.where(good, items, NO_ITEM), first, axis=1)
        return ranked

    def _holds(self, users: IndexArray, items: IndexArray) -> NDArray[np.bool_]:
        """(n, m) whether each of `items` (n, m) is known of the user; item-kNN pads its lists with such."""
        known, width = self.known[users].tocoo(), self.known.shape[1]
        pairs = known.row.astype(np.int64) * width + known.col
        return np.isin(np.arange(len(users))[:, None] * width + items, pairs)

    def figures(self, model: Any, ks: Sequence[int]) -> dict[str, float]:
        """Means over the users."""
        ranked = self.lists(model, self.users)
        overall = dict(judgement(ranked, self.relevant, self.users, ks).overall)
        return overall | {f"coverage@{k}": metrics.coverage_at_k(ranked, self.known.shape[1], k) for k in ks}


def fitted(name: str, settings: Settings, known: sparse.csr_matrix, seed: int) -> Any:
    """A model of the library, fitted on (n_users, n_items) weights."""
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking
    from implicit.lmf import LogisticMatrixFactorization
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
    from implicit.utils import ParameterWarning

    neighbours = {"cosine": CosineRecommender, "tfidf": TFIDFRecommender, "bm25": BM25Recommender}
    factors = {"als": AlternatingLeastSquares, "bpr": BayesianPersonalizedRanking, "lmf": LogisticMatrixFactorization}
    # It has threads of its own, converts matrices of its own, and warns of both.
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ParameterWarning)
        model = neighbours[name](**settings) if name in neighbours else factors[name](**settings, random_state=seed)
        model.fit(known, show_progress=False)
    return model


def grid(name: str) -> Iterator[Settings]:
    """Every setting that is tried."""
    axes = GRIDS[name]
    return (dict(zip(axes, values, strict=True)) for values in product(*axes.values()))


def tune(name: str, settings: Iterator[Settings], part: Part, ks: Sequence[int], seed: int) -> tuple[Settings, int]:
    """The settings with the best NDCG at the first length, the first among equals, and how many were tried."""
    values = [(part.figures(fitted(name, each, part.known, seed), ks)[f"ndcg@{ks[0]}"], each) for each in settings]
    return max(values, key=lambda tried: tried[0])[1], len(values)


def row(name: str, asked: Part, final: Part, ks: Sequence[int], seed: int) -> dict[str, Any]:
    """What the JSON has of one model."""
    times = [time.monotonic()]
    settings, tried = tune(name, grid(name), asked, ks, seed)
    times.append(time.monotonic())
    model = fitted(name, settings, final.known, seed)
    times.append(time.monotonic())
    figures = final.figures(model, ks)
    times.append(time.monotonic())
    seconds = dict(zip(("tune", "fit", "recommend"), np.diff(times).tolist(), strict=True))
    return {
        **figures,
        "settings": dict(settings),
        "tried": tried,
        "seconds": seconds,
        "peak_memory_mb": peak_memory_mb(),
    }


def parts(dataset: Dataset, how: Validation, ks: Sequence[int], seed: int) -> tuple[Part, Part]:
    """The validation part that `benchmark` chooses on, and the test part. Raises `DataRefused` where that is empty."""
    chosen = decide(dataset.train, timed=dataset.timed) if how is Validation.AUTO else how
    question = Bench(dataset, ks, seed, lambda _: None).question(chosen)
    if question is None:
        raise DataRefused("The validation part is empty.")
    relevant = dataset.relevant(dataset.test)
    known = dataset.training_data(dataset.train).histories.weights
    return (
        Part(sparse.csr_matrix(question.data.histories.weights), question.relevant, question.users),
        Part(sparse.csr_matrix(known), relevant, judged_users(relevant)),
    )


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Raises `DataRefused` as `benchmark` does."""
    dataset = assemble(
        read_interactions(arguments.train),
        read_interactions(arguments.test),
        texts={},
        binary=arguments.binary,
        min_value=arguments.min_value,
    )
    asked, final = parts(dataset, Validation(arguments.validation), arguments.k, arguments.seed)
    rows = {}
    for name in arguments.models:
        rows[name] = row(name, asked, final, arguments.k, arguments.seed)
        told = rows[name]
        say(f"{name}: ndcg@{arguments.k[0]} {told[f'ndcg@{arguments.k[0]}']:.4f}, best of {told['tried']}")
    return {"algorithms": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--items", type=Path, help="left alone: the library reads no texts")
    parser.add_argument("--k", type=lambda text: [int(part) for part in text.split(",")], default=[10])
    parser.add_argument("--validation", choices=[each.value for each in Validation], default=Validation.AUTO.value)
    parser.add_argument("--binary", action="store_true")
    parser.add_argument("--min-value", type=float)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--models", type=lambda text: text.split(","), default=[*GRIDS])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    try:
        report = run(arguments, lambda text: print(text, file=sys.stderr, flush=True))
    except DataRefused as refused:
        print(refused.detail, file=sys.stderr)
        sys.exit(REFUSED)
    print(json.dumps({name: told[f"ndcg@{arguments.k[0]}"] for name, told in report["algorithms"].items()}))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
