from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from data_generator.catalogue.lexicon import load_lexicon
from data_generator.plan import DAY, Plan
from data_generator.population.preferences import Statements, category_shares, draw_statements
from data_generator.population.users import COUNTRIES, GENDERS, UNKNOWN, Population, draw_population

PLAN = Plan(users=4_000, items=25, interactions=200_000, seed=11)
LEXICON = load_lexicon()


@pytest.fixture(scope="module")
def people() -> Population:
    return draw_population(PLAN, LEXICON)


@pytest.fixture(scope="module")
def favourite(people: Population) -> np.ndarray:
    return np.asarray(category_shares(people, LEXICON, 0.0).argmax(axis=1))


@pytest.fixture(scope="module")
def statements(people: Population) -> Statements:
    return draw_statements(PLAN, LEXICON, people)


def test_demographics_are_within_what_the_platform_takes(people: Population) -> None:
    ages = people.age[people.age != UNKNOWN]
    assert 13 <= ages.min() < 20
    assert 70 < ages.max() <= 120
    assert set(np.unique(people.gender)) == {UNKNOWN, *range(len(GENDERS))}
    assert set(np.unique(people.country)) == {UNKNOWN, *range(len(COUNTRIES))}
    for column in (people.age, people.gender, people.country):
        assert 0.02 < (column == UNKNOWN).mean() < 0.1


def test_gender_and_country_show_the_taste(people: Population, favourite: np.ndarray) -> None:
    for column in (people.gender, people.country):
        table = np.zeros((column.max() + 1, len(LEXICON.categories)))
        np.add.at(table, (column[column != UNKNOWN], favourite[column != UNKNOWN]), 1)
        table = table[table.sum(axis=1) > 150]
        assert stats.chi2_contingency(table).pvalue < 1e-9


def test_age_shows_the_taste(people: Population, favourite: np.ndarray) -> None:
    known = people.age != UNKNOWN
    groups = [people.age[known & (favourite == number)] for number in range(len(LEXICON.categories))]
    assert stats.kruskal(*(group for group in groups if len(group) > 20)).pvalue < 1e-30


def test_age_shows_in_style_and_budget(people: Population) -> None:
    known = people.age != UNKNOWN
    assert stats.spearmanr(people.age[known], people.style[known, 1]).statistic < -0.3
    assert stats.spearmanr(people.age[known], people.budget[known]).statistic > 0.3


def test_taste_is_a_mixture_of_few_categories_and_topics_in_them(people: Population) -> None:
    shares = category_shares(people, LEXICON, 0.5)
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    liked = (shares > 0.05).sum(axis=1)
    assert 2 <= np.median(liked) <= 4
    topics_liked = np.array([len(set(row)) for row in people.topics.tolist()])
    assert 4 <= np.median(topics_liked) <= 10


def test_tastes_differ_and_drift(people: Population) -> None:
    begin, end = category_shares(people, LEXICON, 0.0), category_shares(people, LEXICON, 1.0)
    own = np.minimum(begin, end).sum(axis=1).mean()
    others = np.minimum(begin, np.roll(end, 1, axis=0)).sum(axis=1).mean()
    assert others < 0.4 < own < 0.95


def test_statements_tell_the_taste_with_gaps_and_errors(people: Population, statements: Statements) -> None:
    shares = category_shares(people, LEXICON, 0.0)[statements.users, statements.categories]
    assert 0.5 < stats.spearmanr(statements.values, shares).statistic < 0.97
    assert statements.values.min() >= 0
    assert statements.values.max() <= 1
    speakers = np.unique(statements.users)
    assert 0.05 < 1 - len(speakers) / len(people) < 0.25
    assert len(np.unique(statements.users * 100 + statements.categories)) == len(statements.users)
    favourite = category_shares(people, LEXICON, 0.0).argmax(axis=1)
    assert (
        0.5 < np.isin(speakers * 100 + favourite[speakers], statements.users * 100 + statements.categories).mean() < 1
    )


def test_ids_follow_sign_up_and_activity_lies_in_history(people: Population) -> None:
    assert np.all(np.diff(people.signed_up_at) >= 0)
    assert 0.25 < (people.signed_up_at < PLAN.start_at).mean() < 0.45
    assert np.all(people.signed_up_at <= people.active_from)
    assert np.all(people.active_from >= PLAN.start_at)
    assert np.all(people.active_until - people.active_from > 6 * DAY)
    assert people.active_until.max() <= PLAN.end_at - DAY / 2


def test_events_add_up_and_are_spread_unevenly(people: Population) -> None:
    assert people.events.sum() == PLAN.interactions
    assert people.events.min() >= 5
    assert people.events.mean() > 1.3 * np.median(people.events)


@pytest.mark.parametrize(("users", "interactions"), [(1, 5), (3, 15), (2, 1_001)])
def test_a_handful_of_users_works(users: int, interactions: int) -> None:
    plan = Plan(users=users, items=25, interactions=interactions)
    few = draw_population(plan, LEXICON)
    assert few.events.sum() == interactions
    assert few.events.min() >= 5
