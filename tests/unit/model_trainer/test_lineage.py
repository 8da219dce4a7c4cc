from __future__ import annotations

import pytest

from model_trainer.lineage import Step, best_kept

KEPT = ("v1", "v2", "v3", "v4")


def chain(*differences: float | None) -> dict[str, Step]:
    """v1 was the first; v2, v3, … stood to the one before like this."""
    steps = {"v1": Step(None, None)}
    for number, difference in enumerate(differences, 2):
        steps[f"v{number}"] = Step(f"v{number - 1}", difference)
    return steps


@pytest.mark.parametrize(
    ("differences", "best"),
    [
        ((-0.004, -0.004, -0.004), "v1"),
        ((-0.002, -0.002, 0.0), None),
        ((0.1, -0.004, -0.004), "v2"),
        ((-0.02, 0.02, 0.0), None),
        ((-0.1, 0.2, -0.02), "v3"),
        ((None, -0.004, -0.004), "v2"),
        ((-0.1, None, 0.0), None),
    ],
)
def test_the_best_is_the_one_that_was_ahead_the_most(differences: tuple[float | None, ...], best: str | None) -> None:
    """The live one is v4, whose NDCG@10 is .5: a lead of .005 is little."""
    assert best_kept("v4", chain(*differences), KEPT, 0.5) == best


def test_what_is_no_longer_kept_is_passed_over() -> None:
    steps = chain(-0.01, -0.01, -0.01)
    assert best_kept("v4", steps, ("v2", "v4"), 0.5) == "v2"
    assert best_kept("v4", steps, ("v4",), 0.5) is None


def test_after_a_rollback_what_counts_is_the_way_to_the_live_one() -> None:
    """v2 was worse and rolled back, v3 was trained while v1 was live."""
    steps = {"v2": Step("v1", -0.2), "v3": Step("v1", -0.02)}
    assert best_kept("v3", steps, KEPT, 0.5) == "v1"
    assert best_kept("v1", steps, KEPT, 0.5) is None


def test_a_chain_that_comes_back_to_itself_ends() -> None:
    assert best_kept("v1", {"v1": Step("v2", -0.1), "v2": Step("v1", 0.05)}, KEPT, 0.5) == "v2"
    assert best_kept("v1", {"v1": Step("v1", -0.1)}, KEPT, 0.5) is None
