"""What a rule would do to one list: computed with it and without it, and forgotten."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from recommendation_api.serving.batcher import Miss
from recommendation_api.serving.catalogue_view import CatalogueView
from recommendation_api.serving.engine import Batch, Question, compute
from recommendation_api.serving.people import Crowd
from recommendation_api.serving.rulings import Rulings
from recsys.rules import Rule
from recsys.settings import EventWeights

Entries = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class State:
    """Whose list, over what, and when."""

    miss: Miss
    crowd: Crowd
    """Of one."""
    view: CatalogueView
    at: datetime
    weights: EventWeights

    def entries_under(self, rules: Sequence[Rule]) -> Entries:
        """The list's items as the answer would tell them, had these rules been in force; new items get no places."""
        trial = Rulings(self.view, rules)
        batch = Batch(self.miss.live, self.view, self.crowd, self.at, (), self.weights, trial=trial)
        (computed,) = compute(batch, [Question(self.miss.request, 0, self.miss.dials, self.miss.page)])
        entries: Entries = json.loads(computed.body)["recommendations"]
        return entries
