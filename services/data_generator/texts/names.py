"""Names that Faker invents: brands, people and places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from faker import Faker

from data_generator.plan import Plan, Stream

LOCALES = ("en_GB", "de_DE", "fr_FR", "pl_PL")
"""Only such as draw from lists: Italian towns come from a set, so in another order in each process."""
PROVIDERS = ["faker.providers.person", "faker.providers.address"]
BRANDS, PEOPLE, PLACES = 400, 300, 300
MAX_ATTEMPTS = 50
BRAND_FORMS = ("{}", "{}", "{} & Sons", "{} Works", "{} Supply", "House of {}", "{} & Co.", "Atelier {}")


@dataclass(frozen=True, slots=True)
class Names:
    brands: tuple[str, ...]
    people: tuple[str, ...]
    places: tuple[str, ...]


def draw_names(plan: Plan) -> Names:
    rng = plan.rng(Stream.NAMES)
    fakers = []
    for locale in LOCALES:
        faker = Faker(locale, providers=PROVIDERS, use_weighting=False)
        faker.seed_instance(int(rng.integers(2**32)))
        fakers.append(faker)
    families = _different(BRANDS, lambda turn: fakers[turn % len(fakers)].last_name())
    return Names(
        brands=tuple(BRAND_FORMS[int(rng.integers(len(BRAND_FORMS)))].format(family) for family in families),
        people=tuple(_different(PEOPLE, lambda turn: _person(fakers[turn % len(fakers)]))),
        places=tuple(_different(PLACES, lambda turn: fakers[turn % len(fakers)].city())),
    )


def _person(faker: Faker) -> str:
    return f"{faker.first_name()} {faker.last_name()}"


def _different(count: int, draw: Callable[[int], str]) -> Iterator[str]:
    """`count` names, no two the same unless the source runs dry."""
    seen: set[str] = set()
    for turn in range(count):
        name = draw(turn)
        for _ in range(MAX_ATTEMPTS):
            if name not in seen:
                break
            name = draw(turn)
        seen.add(name)
        yield name
