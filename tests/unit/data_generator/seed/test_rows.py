from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from data_generator.catalogue.lexicon import load_lexicon
from data_generator.population.preferences import draw_statements
from data_generator.population.users import UNKNOWN
from data_generator.seed import rows
from data_generator.texts.item_texts import draw_texts, text_blocks
from data_generator.texts.names import draw_names
from data_generator.world import World


def test_users_are_numbered_without_gaps_and_withhold_what_is_unknown(world: World) -> None:
    drawn = list(rows.user_rows(world.population))
    assert [row[0] for row in drawn] == list(range(1, len(world.population) + 1))
    people = [dict(zip(rows.USER_COLUMNS, row, strict=True)) for row in drawn]
    for column, values in (("age", world.population.age), ("gender", world.population.gender)):
        unknown = values == UNKNOWN
        assert unknown.any()
        assert [person[column] is None for person in people] == unknown.tolist()
    assert {person["country"] for person in people} >= {None, "US", "NZ"}
    first = people[0]["signed_up_at"]
    assert isinstance(first, datetime)
    assert first.tzinfo is UTC
    assert first.timestamp() == world.population.signed_up_at[0]


def test_items_say_what_the_catalogue_says(world: World) -> None:
    block = text_blocks(world)[-1]
    names = draw_names(world.plan)
    drawn = list(rows.item_rows(world.catalogue, block, draw_texts(world, names, block)))
    assert [row[0] for row in drawn] == [position + 1 for position in block]
    item = dict(zip(rows.ITEM_COLUMNS, drawn[-1], strict=True))
    assert item["category_id"] == world.catalogue.category[-1] + 1
    assert item["price"] == world.catalogue.price[-1]
    begins = [row[rows.ITEM_COLUMNS.index("available_from")] for row in drawn]
    assert [begin is None for begin in begins] == np.isnan(world.catalogue.available_from[block.start :]).tolist()


def test_categories_and_preferences_refer_to_each_other(world: World) -> None:
    categories = {row[0] for row in rows.category_rows(load_lexicon())}
    assert categories == set(range(1, len(load_lexicon().categories) + 1))
    statements = draw_statements(world.plan, load_lexicon(), world.population)
    stated = list(rows.preference_rows(statements))
    assert {category for _, category, _ in stated} <= categories
    assert {user for user, _, _ in stated} <= set(range(1, len(world.population) + 1))
