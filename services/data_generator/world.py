"""Everything that is drawn before the first event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_generator.catalogue.demand import Demand, make_demand
from data_generator.catalogue.items import Catalogue, draw_catalogue
from data_generator.catalogue.lexicon import Lexicon, load_lexicon
from data_generator.catalogue.trends import draw_trends
from data_generator.plan import Plan
from data_generator.population.rhythm import Rhythm, make_rhythm
from data_generator.population.users import Population, draw_population


@dataclass(frozen=True, slots=True)
class World:
    plan: Plan
    lexicon: Lexicon
    catalogue: Catalogue
    population: Population
    trends: NDArray[np.float32]
    """(weeks, n_topics)"""
    demand: Demand
    rhythm: Rhythm


def draw_world(plan: Plan) -> World:
    lexicon = load_lexicon()
    catalogue = draw_catalogue(plan, lexicon)
    trends = draw_trends(plan, len(lexicon.topics))
    return World(
        plan=plan,
        lexicon=lexicon,
        catalogue=catalogue,
        population=draw_population(plan, lexicon),
        trends=trends,
        demand=make_demand(plan, lexicon, catalogue, trends),
        rhythm=make_rhythm(plan),
    )
