from __future__ import annotations

from faker.providers.date_time import Provider

from recsys.countries import COUNTRY_CODES


def test_every_assigned_code_is_there_once() -> None:
    assert len(COUNTRY_CODES) == 249
    assert {country.alpha_2_code for country in Provider.countries} <= COUNTRY_CODES
    assert COUNTRY_CODES.isdisjoint({"UK", "EU", "XK", "SU", "AN", "XX"})
