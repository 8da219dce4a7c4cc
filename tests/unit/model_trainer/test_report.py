from __future__ import annotations

import io

import pytest
from rich.console import Console

from model_trainer.judging import Verdict
from model_trainer.pipeline import Trained
from model_trainer.report import COLUMNS, show
from recsys.domain import Algorithm
from recsys.evaluation.bootstrap import Interval


def _trained(verdict: Verdict | None) -> Trained:
    return Trained("20260301-120000-abcd", verdict, {"als": 1.0}, dict.fromkeys(Algorithm, 123.45), 987.6)


def _verdict() -> Verdict:
    rows = {name.value: dict.fromkeys(COLUMNS, 0.5) for name in Algorithm}
    rows |= {"random": {"ndcg@10": 0.0001}, "recent_popular": {"ndcg@10": 0.02}}
    rows["hybrid"] = {"ndcg@10": 0.0712, "precision@10": 0.03}
    rows["popularity"] = {"ndcg@10": 0.025}
    return Verdict(rows, 2786, 590, Interval(2.848, 2.601, 3.125), Interval(0.07, 0.06, 0.08))


def _shown(trained: Trained, width: int = 80) -> str:
    output = io.StringIO()
    show(trained, Console(file=output, width=width), 61.23)
    return output.getvalue()


def test_the_lead_is_said_with_its_interval() -> None:
    shown = _shown(_trained(_verdict()))
    assert (
        "The hybrid's NDCG@10 is 0.0712, popularity's 0.0250: 2.85 times as high, 95 % interval 2.60 to 3.12." in shown
    )
    assert "590 users without earlier events were left out" in shown
    assert "Release 20260301-120000-abcd is live. 61.2 s, 988 MB at the most." in shown
    assert "GET /releases/20260301-120000-abcd/report" in shown


def test_every_algorithm_has_a_row_the_best_first() -> None:
    lines = _shown(_trained(_verdict())).splitlines()
    names = {*Algorithm, "random", "recent_popular"}
    first = [line.split()[0] for line in lines if line.split() and line.split()[0] in names]
    assert sorted(first) == sorted(names)
    assert first[-4:] == ["hybrid", "popularity", "recent_popular", "random"]


def test_the_table_fits_into_eighty_columns() -> None:
    table = _shown(_trained(_verdict())).partition("The hybrid's")[0]
    assert max(len(line) for line in table.splitlines()) <= 80
    assert "…" not in table


def test_a_measure_that_nobody_has_gets_no_column() -> None:
    verdict = _verdict()
    for row in verdict.metrics.values():
        assert isinstance(row, dict)
        row.pop("rmse", None)
    shown = _shown(_trained(verdict))
    assert "RMSE" not in shown
    assert "MAE" in shown


@pytest.mark.parametrize("width", [80, 200])
def test_without_a_verdict_it_says_so(width: int) -> None:
    assert "not judged" in " ".join(_shown(_trained(None), width).split())
