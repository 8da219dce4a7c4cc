from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from data_generator.catalogue.items import EVEN_SHARE, Catalogue, draw_catalogue
from data_generator.catalogue.lexicon import load_lexicon
from data_generator.plan import DAY, Plan

PLAN = Plan()


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return draw_catalogue(PLAN, load_lexicon())


@pytest.mark.parametrize("seed", [0, 42, 2**63 - 1])
def test_no_category_has_fewer_than_500_items_at_the_default_size(seed: int) -> None:
    drawn = draw_catalogue(Plan(seed=seed), load_lexicon())
    sizes = np.bincount(drawn.category, minlength=len(load_lexicon().categories))
    assert len(drawn) == sizes.sum() == 50_000
    assert sizes.min() >= 500
    assert sizes.max() > 2 * sizes.min()
    assert EVEN_SHARE * 50_000 // len(sizes) >= 500  # whatever the seed


def test_topics_lie_in_their_category(catalogue: Catalogue) -> None:
    lexicon = load_lexicon()
    assert np.array_equal(lexicon.topic_category[catalogue.topic], catalogue.category)
    assert len(np.unique(catalogue.topic)) == len(lexicon.topics)


def test_prices_are_log_normal_within_a_category(catalogue: Catalogue) -> None:
    for number, category in enumerate(load_lexicon().categories):
        logs = np.log(catalogue.price[catalogue.category == number])
        assert abs(np.median(logs) - np.log(category.price)) < 0.3 * category.spread, category.name
        assert 0.75 < logs.std() / category.spread < 1.3, category.name
        assert abs(stats.skew(logs)) < 0.4, category.name
        assert abs(stats.kurtosis(logs)) < 0.8, category.name
    assert catalogue.price.min() > 0


def test_editors_see_quality_but_not_exactly(catalogue: Catalogue) -> None:
    assert catalogue.quality.min() >= 0
    assert catalogue.quality.max() <= 5
    assert 0.6 < np.corrcoef(catalogue.quality, catalogue.appeal)[0, 1] < 0.95


def test_renown_follows_zipf_within_a_topic_and_prefers_the_good(catalogue: Catalogue) -> None:
    topic = np.bincount(catalogue.topic).argmax()
    shares = np.sort(catalogue.renown[catalogue.topic == topic])[::-1]
    assert shares.sum() == pytest.approx(1)
    assert shares[0] / shares[29] == pytest.approx((30 + 2) / (1 + 2))
    assert stats.spearmanr(catalogue.renown, catalogue.appeal).statistic > 0.2


def test_ids_follow_publication_over_years_before_and_within_history(catalogue: Catalogue) -> None:
    published = catalogue.published_at
    assert np.all(np.diff(published) >= 0)
    assert published[-1] <= PLAN.end_at
    assert 0.3 < (published < PLAN.start_at).mean() < 0.4
    months = np.histogram(published, bins=np.linspace(PLAN.start_at, PLAN.end_at, 25))[0]
    assert months.min() > 0.5 * months.mean()


def test_a_few_items_are_no_more_and_a_few_not_yet_on_sale(catalogue: Catalogue) -> None:
    begin, until = catalogue.available_from, catalogue.available_until
    windowed = ~np.isnan(begin) | ~np.isnan(until)
    assert 0.03 < windowed.mean() < 0.1
    assert 0.01 < (until < PLAN.end_at).mean() < 0.05
    assert 0.005 < (begin > PLAN.end_at + 20 * DAY).mean() < 0.03
    both = ~np.isnan(begin) & ~np.isnan(until)
    assert np.all(begin[both] < until[both])
    assert np.all(until[until < PLAN.end_at] > catalogue.published_at[until < PLAN.end_at])


@pytest.mark.parametrize("seed", range(100))
def test_something_is_always_on_sale(seed: int) -> None:
    drawn = draw_catalogue(Plan(items=25, seed=seed), load_lexicon())
    assert drawn.live_from[0] < PLAN.start_at
    assert drawn.live_until[0] == np.inf


@pytest.mark.parametrize("items", [25, 26, 100, 500])
def test_small_catalogues_have_every_category(items: int) -> None:
    drawn = draw_catalogue(Plan(items=items), load_lexicon())
    assert np.bincount(drawn.category).sum() == items
    if items >= 100:
        assert np.bincount(drawn.category, minlength=25).min() >= 1
