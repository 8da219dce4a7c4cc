from __future__ import annotations

import pytest

from model_trainer.click_through import MIN_SHOWN, Shown, click_through

TEN = dict.fromkeys(range(1, 11), 100)


def shown(places: dict[int, int], rate: float) -> Shown:
    """Clicked alike at every rank."""
    return Shown(places, {rank: round(count * rate) for rank, count in places.items()})


def test_observed_is_clicks_over_places_with_its_interval() -> None:
    found = click_through("v2", Shown(TEN, {1: 30, 2: 20}))
    assert found is not None
    assert (found.shown, found.observed, found.predicted) == (1000, 0.05, None)
    assert [found.low, found.high] == pytest.approx([0.0381, 0.0653], abs=1e-4)
    assert found.shortfall == 0


def test_expected_is_what_the_release_before_got_times_the_judges_ratio() -> None:
    found = click_through("v2", shown(TEN, 0.1), shown(TEN, 0.1), 1.5)
    assert found is not None
    assert found.predicted == pytest.approx(0.15)
    assert found.shortfall == pytest.approx(1 - found.high / 0.15)
    assert 0.1 < found.shortfall < 0.33


def test_ranks_carry_their_own_attention() -> None:
    """Before, the first place alone was clicked; now lists are of one place only, and twice as good."""
    before = Shown(TEN, {1: 20})
    found = click_through("v2", shown({1: 500}, 0.4), before, 2.0)
    assert found is not None
    assert found.predicted == pytest.approx(2 * 0.2)
    assert found.shortfall == 0


def test_a_rank_that_was_never_shown_is_expected_what_all_were() -> None:
    found = click_through("v2", shown({11: 600}, 0.1), Shown(TEN, {1: 50}), 1.0)
    assert found is not None
    assert found.predicted == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("now", "before", "quality"),
    [(MIN_SHOWN, MIN_SHOWN - 1, 1.0), (MIN_SHOWN, MIN_SHOWN, None), (MIN_SHOWN, None, 1.0)],
)
def test_without_a_past_nothing_is_predicted(now: int, before: int | None, quality: float | None) -> None:
    found = click_through("v2", shown({1: now}, 0.1), shown({1: before}, 0.1) if before else None, quality)
    assert found is not None
    assert found.predicted is None


def test_of_few_places_nothing_is_said() -> None:
    assert click_through("v2", shown({1: MIN_SHOWN - 1}, 0.1)) is None
    assert click_through("v2", Shown({}, {})) is None


def test_what_nobody_clicked_before_is_expected_nothing_of() -> None:
    found = click_through("v2", shown(TEN, 0.1), shown(TEN, 0.0), 1.5)
    assert found is not None
    assert (found.predicted, found.shortfall) == (0.0, 0.0)
