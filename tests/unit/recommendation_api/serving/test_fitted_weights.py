"""What a user did is weighed as the release's models were fitted with it, whatever the service was told since."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from recommendation_api.serving.live import LiveRelease
from recsys.domain import User
from recsys.release import Release, write_release
from recsys.settings import EventWeights, Settings
from recsys.stores import Stores
from recsys.testing.releases import small_release
from recsys.testing.worlds import SmallWorld, training_data
from tests.unit.recommendation_api.serving.running import Open, categories

pytestmark = pytest.mark.anyio

OTHERS = EventWeights(like=-4.0, dislike=4.0)


@pytest.fixture(scope="session")
def release(world: SmallWorld) -> Release:
    return replace(small_release(training_data(world)), snapshot={"weights": EventWeights().model_dump()})


@pytest.fixture(scope="session")
def releases(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("said")
    write_release(folder, release)
    return folder


@pytest.fixture
def settings(releases: Path) -> Settings:
    return Settings(RECSTACK_RELEASES_DIR=releases, RECSTACK_ALIAS_POLL_SECONDS=60, weights=OTHERS)


def test_a_release_that_says_nothing_is_read_with_the_configured_ones(release: Release) -> None:
    assert LiveRelease(release).weights(OTHERS) == EventWeights()
    assert LiveRelease(replace(release, snapshot={})).weights(OTHERS) == OTHERS


async def test_a_like_is_a_like_whatever_the_service_was_told_since(
    open_serving: Open, stores: Stores, world: SmallWorld
) -> None:
    running = await open_serving(stores)
    user_id = (await stores.users.create(User(0))).user_id
    await running.record(user_id, world.items_of("Kitchen")[2])
    assert categories(await running.ask(user_id)).count("Kitchen") >= 3
