from __future__ import annotations

from collections import Counter

import numpy as np

from recsys.algorithms.examples import Batch, Examples
from recsys.testing.histories import histories_of

ROWS: list[dict[int, float]] = [
    {0: 1.0, 1: 2.0, 2: 3.0, 3: 1.0, 4: 1.0},
    {5: 1.0},
    {},
    {6: -2.0, 7: 1.0},
    {8: -1.0, 9: -1.0},
    {0: 4.0, 9: 1.0, 5: 1.0},
]
N_ITEMS = 10


def examples(*, targets: int = 2, longest_history: int = 8, batch_size: int = 2, negatives: int = 4) -> Examples:
    return Examples(histories_of(ROWS, N_ITEMS).weights, batch_size, targets, longest_history, negatives)


def batches(made: Examples, count: int = 1, seed: int = 0) -> list[Batch]:
    return [*made.epochs(count, np.random.default_rng(seed))]


def asked(batch: Batch) -> Counter[tuple[tuple[int, ...], int]]:
    """How often (the items of a history, a target) is there."""
    found: Counter[tuple[tuple[int, ...], int]] = Counter()
    for history, strengths, targets, counts in zip(
        batch.history, batch.strengths, batch.targets, batch.counts, strict=True
    ):
        items = tuple(sorted(history[strengths != 0].tolist()))
        found.update((items, int(target)) for target in targets[counts > 0])
    return found


def test_every_liked_item_with_another_event_beside_it_is_a_target_once_an_epoch() -> None:
    made = examples(batch_size=3)
    longer = [row for row in ROWS if len(row) > 1]
    wanted = {(tuple(sorted(row)), item) for row in longer for item, weight in row.items() if weight > 0}
    for _ in range(2):
        found: Counter[tuple[tuple[int, ...], int]] = Counter()
        for batch in batches(made):
            found += asked(batch)
        assert set(found) == wanted
    assert len(batches(made)) == len(made) == 2
    assert len(batches(made, 3)) == 6


def test_batches_are_full_and_all_of_one_shape() -> None:
    for batch in batches(examples(batch_size=4), 2):
        assert batch.history.shape == batch.strengths.shape == (4, 8)
        assert batch.targets.shape == batch.counts.shape == (4, 2)
        assert batch.allowed.shape == (4, 4)
        assert batch.negatives.shape == (4,)


def test_strengths_lie_beside_their_items() -> None:
    for batch in batches(examples()):
        for history, strengths in zip(batch.history, batch.strengths, strict=True):
            shown = {int(item): float(strength) for item, strength in zip(history, strengths, strict=True) if strength}
            assert shown in ROWS


def test_of_a_long_history_some_are_drawn() -> None:
    drawn = set()
    for batch in batches(examples(longest_history=2), 20):
        for history, strengths in zip(batch.history, batch.strengths, strict=True):
            items = tuple(sorted(history[strengths != 0].tolist()))
            assert len(items) == 2
            drawn.add(items)
    assert {(0, 1), (3, 4), (0, 4)} <= drawn


def test_negatives_that_the_user_likes_do_not_count() -> None:
    for batch in batches(examples(negatives=N_ITEMS)):
        np.testing.assert_array_equal(batch.negatives, np.arange(N_ITEMS))
        for history, strengths, allowed in zip(batch.history, batch.strengths, batch.allowed, strict=True):
            assert set(np.flatnonzero(~allowed)) == set(history[strengths > 0])


def test_nobody_to_learn_from_gives_no_batch() -> None:
    alone = Examples(histories_of([{0: 1.0}, {1: -1.0, 0: -2.0}, {}], 3).weights, 2, 2, 4, 2)
    assert len(alone) == 0
    assert batches(alone) == []


def test_the_same_seed_draws_the_same() -> None:
    first, again, other = (batches(examples(), 2, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a.targets, b.targets) for a, b in zip(first, again, strict=True))
    assert any(not np.array_equal(a.targets, b.targets) for a, b in zip(first, other, strict=True))
