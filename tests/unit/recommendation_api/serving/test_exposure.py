"""What is counted of computed lists, and what a hit does not count again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from recommendation_api.serving import exposure
from recommendation_api.serving.ranking import Ranking
from tests.unit.recommendation_api.serving.running import Running, ids

pytestmark = pytest.mark.anyio

STAGES = ("cache", "queue", "load", "candidates", "filters", "blend", "explain", "store")
NOBODY = 10_000


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"recstack_{name}", labels) or 0.0


def by_source() -> dict[str, float]:
    samples = next(m for m in REGISTRY.collect() if m.name == "recstack_recommended_items").samples
    return {one.labels["source"]: one.value for one in samples if one.name.endswith("_total")}


def ranking(rungs: list[int], **shares: list[float]) -> Ranking:
    positions = np.arange(len(rungs), dtype=np.int32)
    return Ranking(positions, np.array(rungs, np.int32), {name: np.array(share) for name, share in shares.items()})


def test_an_items_source_is_its_largest_share() -> None:
    made = ranking([0, 0, 0], als=[3.0, 1.0, 5.0], svd=[1.0, 2.0, -9.0], diversity=[-9.0, -9.0, -9.0])
    assert exposure.sources(made, made.positions) == {"als": 2, "svd": 1}


def test_what_the_ladder_brought_is_refill_also_below_zero() -> None:
    made = ranking([0, 1, 4], als=[1.0, 0.0, 0.0], refill=[0.0, 0.5, -2.0])
    assert exposure.sources(made, made.positions) == {"als": 1, "refill": 2}


def test_the_hybrids_cold_list_comes_from_popularity() -> None:
    made = ranking([1, 2], als=[0.0, 0.0], popularity=[0.9, 0.5], refill=[-0.7, -0.7])
    assert exposure.sources(made, made.positions) == {"popularity": 2}


def test_what_only_diversity_lifted_into_the_list_counts_as_its() -> None:
    made = ranking([0, 0], als=[1.0, 1.0], diversity=[0.0, -0.5])
    assert exposure.sources(made, np.array([0, 7], np.int32)) == {"als": 1, "diversity": 1}


@given(st.lists(st.integers(-1, 4), min_size=2, max_size=30))
def test_category_diversity_is_the_share_of_unlike_pairs(codes: list[int]) -> None:
    pairs = [(a, b) for at, a in enumerate(codes) for b in codes[at + 1 :]]
    unlike = sum(a != b or a == -1 for a, b in pairs) / len(pairs)
    assert exposure.category_diversity(np.array(codes, np.int32)) == pytest.approx(unlike)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_percentile_is_the_share_below_and_half_of_the_equals(popularity: list[int]) -> None:
    values = np.array(popularity, np.float32)
    ground: Any = SimpleNamespace(popularity=values, ordered_popularity=np.sort(values))
    found = exposure.popularity_percentiles(ground, np.arange(len(values), dtype=np.int32))
    expected = [(np.sum(values < v) + np.sum(values == v) / 2) / len(values) for v in values]
    assert found == pytest.approx(expected)


async def test_a_miss_counts_its_items_and_stages_once_and_the_hit_nothing(running: Running) -> None:
    def counted() -> list[float]:
        stages = [sample("stage_seconds_count", stage=name) for name in STAGES]
        return [sum(by_source().values()), sample("list_diversity_count"), sample("list_popularity_count"), *stages]

    before = counted()
    listed = ids(await running.ask(1, 7))
    after_miss = counted()
    assert ids(await running.ask(1, 7)) == listed
    assert [now - then for now, then in zip(after_miss, before, strict=True)] == [7, 1, 1, *[1] * len(STAGES)]
    assert counted() == after_miss


async def test_the_popularity_algorithm_shows_the_well_known_and_itself_as_the_source(running: Running) -> None:
    before, popularity = by_source()["popularity"], sample("list_popularity_sum")
    await running.ask(1, 5, "popularity")
    assert by_source()["popularity"] == before + 5
    first = sample("list_popularity_sum") - popularity
    await running.ask(1, 5, "content_based")
    assert 0.8 < first <= 1
    assert sample("list_popularity_sum") - popularity - first < first


async def test_diversity_brings_other_items_and_more_categories(running: Running) -> None:
    before, variety = by_source()["diversity"], sample("list_diversity_sum")
    plain = await running.ask(1, 10)
    of_plain = sample("list_diversity_sum") - variety
    assert by_source()["diversity"] == before
    varied = await running.ask(1, 10, diversity=0.9)
    assert by_source()["diversity"] - before == len(set(ids(varied)) - set(ids(plain))) > 0
    assert sample("list_diversity_sum") - variety - of_plain > of_plain


@pytest.mark.parametrize(
    ("user_id", "n", "algorithm", "reason"),
    [(NOBODY, 5, "hybrid", "nothing_known"), (1, 500, "item_based", "too_few")],
)
async def test_a_list_that_the_algorithm_did_not_fill_counts_with_its_reason(
    running: Running, user_id: int, n: int, algorithm: str, reason: str
) -> None:
    before = sample("fallback_answers_total", algorithm=algorithm, reason=reason)
    await running.ask(user_id, n, algorithm)
    assert sample("fallback_answers_total", algorithm=algorithm, reason=reason) == before + 1


async def test_a_list_that_the_algorithm_filled_is_no_fallback(running: Running) -> None:
    def fallbacks() -> float:
        reasons = ("nothing_known", "nothing_personal", "too_few")
        return sum(sample("fallback_answers_total", algorithm="hybrid", reason=reason) for reason in reasons)

    before = fallbacks()
    await running.ask(1, 5)
    assert fallbacks() == before


async def test_an_empty_answer_counts_whenever_it_is_given(running: Running) -> None:
    before = sample("empty_answers_total", algorithm="als")
    for cached in (False, True):
        answer = await running.ask(1, 5, "als", filters={"min_price": 1e9})
        assert (answer["recommendations"], answer["cached"]) == ([], cached)
    assert sample("empty_answers_total", algorithm="als") == before + 2
    await running.ask(1, 5, "als")
    assert sample("empty_answers_total", algorithm="als") == before + 2
