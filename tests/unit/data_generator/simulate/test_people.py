from __future__ import annotations

import numpy as np
import pytest

from data_generator.simulate.people import FAVOURITES, MAX_NEWCOMERS, People, Person, sign_up_form
from data_generator.truth import Truth
from recsys.errors import DataRefused


def _people(truth: Truth, users: int | None) -> People:
    return People(np.random.default_rng(4), truth, users)


def test_as_many_different_users_come_as_were_asked_for(truth: Truth) -> None:
    people, rng = _people(truth, 1_200), np.random.default_rng(1)
    met = {people.someone(rng) for _ in range(24_000)}
    assert len(met) == len(people) == 1_200
    assert all(person.user_id == person.taste + 1 for person in met)


@pytest.mark.parametrize("users", [0, -1, 1_501])
def test_more_users_than_there_are_is_refused(truth: Truth, users: int) -> None:
    with pytest.raises(DataRefused, match=r"--users .* out of range.* 1,500"):
        _people(truth, users)


def test_newcomers_come_back_but_only_so_many_of_them(truth: Truth) -> None:
    people, rng = _people(truth, 1), np.random.default_rng(1)
    for number in range(2 * MAX_NEWCOMERS):
        people.joined(Person(10_000 + number, 3))
    assert len(people) == 1 + MAX_NEWCOMERS
    assert min(person.user_id for person in (people.someone(rng) for _ in range(500)) if person.taste == 3) >= 10_500


def test_who_was_erased_does_not_come_back_and_the_last_one_stays(truth: Truth) -> None:
    people, rng = _people(truth, 2), np.random.default_rng(1)
    gone = people.someone(rng)
    people.left(gone)
    people.left(gone)
    rest = people.someone(rng)
    assert rest != gone
    people.left(rest)
    assert people.someone(rng) == rest


def test_newcomers_state_their_true_favourites(truth: Truth) -> None:
    taste, rng = 17, np.random.default_rng(5)
    shares = truth.users.category_shares[taste]
    best = [truth.category_names[place] for place in np.argsort(-shares)[:FAVOURITES]]
    known = {"age": 40, "gender": None, "country": "DE", "signed_up_at": "2026-01-01T00:00:00Z"}
    form = sign_up_form(rng, truth, taste, known)
    stated = form["preferences"]["categories"]
    assert list(stated) == best[: len(stated)]
    assert all(0 <= value <= 1 for value in stated.values())
    assert stated[best[0]] > 0.5
    assert {name: form[name] for name in form if name != "preferences"} == {"age": 40, "country": "DE"}
