"""`GET /releases`, promote and rollback, over three releases of which the newest is live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from recommendation_api.routes.releases import SHOWN_REFUSALS
from recsys.adapters.memory import MemoryDatabase, MemoryReleaseRegistry
from recsys.domain import Deployment, ReleaseDecision
from recsys.errors import Unavailable
from recsys.release import write_release
from recsys.settings import Settings
from recsys.testing.clock import ManualClock
from recsys.testing.releases import small_release
from recsys.testing.worlds import SmallWorld, training_data
from tests.unit.recommendation_api.conftest import Api, Start, is_problem, sample

pytestmark = pytest.mark.anyio

FIRST, SECOND, THIRD = VERSIONS = ("20260201-000000-0001", "20260202-000000-0002", "20260203-000000-0003")
KEY = {"X-API-Key": "master"}


class Registry(MemoryReleaseRegistry):
    is_up = True

    def __init__(self) -> None:
        super().__init__(THIRD)
        self.registered |= {FIRST, SECOND}

    async def champion(self) -> str | None:
        self._answer()
        return await super().champion()

    async def set_champion(self, version: str) -> None:
        self._answer()
        await super().set_champion(version)

    def _answer(self) -> None:
        if not self.is_up:
            raise Unavailable("MLflow is away", dependency="mlflow", retry_after=7)


class Away:
    """Deployments in a database that does not answer."""

    async def latest(self) -> Deployment | None:
        raise Unavailable("away", dependency="postgres")

    async def newest(self, _limit: int) -> Sequence[Deployment]:
        raise Unavailable("away", dependency="postgres")

    async def append(self, _deployment: Deployment) -> None:
        raise Unavailable("away", dependency="postgres")


@pytest.fixture(scope="module")
def written(world: SmallWorld, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("three")
    release = small_release(training_data(world))
    for day, version in enumerate(VERSIONS):
        write_release(folder, replace(release, version=version, created_at=release.created_at + timedelta(days=day)))
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """The three, hard links apart: a test may take one away or damage it."""
    for path in written.rglob("*"):
        copy = tmp_path / "releases" / path.relative_to(written)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            copy.hardlink_to(path)
    return tmp_path / "releases"


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def configured(settings: Settings, folder: Path) -> Settings:
    given = Settings(RECSTACK_ADMIN_KEY="master", RECSTACK_ALIAS_POLL_SECONDS=3600)
    return settings.model_copy(
        update={"releases_dir": folder, "admin_key": given.admin_key, "alias_poll_seconds": given.alias_poll_seconds}
    )


@pytest.fixture
def past(database: MemoryDatabase, clock: ManualClock) -> None:
    for version in (FIRST, SECOND):
        database.deployments.append(Deployment(version, "publish", clock.now(), "a training"))
        clock.advance(3600)


@pytest.fixture
def clock(database: MemoryDatabase) -> ManualClock:
    assert isinstance(database.clock, ManualClock)
    return database.clock


@pytest.fixture
async def api(start: Start, configured: Settings, registry: Registry, past: None) -> Api:
    return await start(configured, registry=registry)


def damage(folder: Path, version: str) -> None:
    path = folder / version / "item_ids.npy"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


async def serving(api: Api) -> str:
    return str((await api.client.get("/popular")).json()["release"])


async def test_what_was_live_when_is_told(api: Api) -> None:
    found = (await api.client.get("/releases")).json()
    assert [(each["version"], each["is_live"], each["problem"]) for each in found["releases"]] == [
        (THIRD, True, None),
        (SECOND, False, None),
        (FIRST, False, None),
    ]
    assert found["releases"][0]["metrics"].keys() >= {"ndcg@10"}
    periods = found["deployments"]
    assert [(each["version"], each["action"]) for each in periods] == [(v, "publish") for v in reversed(VERSIONS)]
    assert periods[0]["live_until"] is None
    assert [each["live_until"] for each in periods[1:]] == [each["live_from"] for each in periods[:-1]]


async def test_each_release_tells_why_it_was_published_and_what_was_refused_is_told(
    api: Api, database: MemoryDatabase
) -> None:
    assert [each["decision"] for each in (await api.client.get("/releases")).json()["releases"]] == [None] * 3
    figures = {"judged_users": 400, "ndcg_10_less_champion": {"estimate": 0.1, "low": 0.05, "high": None}}
    accepted = ReleaseDecision(database.clock.now(), SECOND, FIRST, "accepted", [], figures)
    reasons = [{"reason": "volume", "sentence": "Not published: too few events."}]
    refused = ReleaseDecision(database.clock.now(), None, SECOND, "refused", reasons, {"data": {}})
    database.decisions += [accepted, *[refused] * (SHOWN_REFUSALS + 1)]
    found = (await api.client.get("/releases")).json()
    by_version = {each["version"]: each["decision"] for each in found["releases"]}
    assert (by_version[FIRST], by_version[THIRD]) == (None, None)
    told = by_version[SECOND]
    assert (told["outcome"], told["champion"], told["reasons"], told["figures"]) == ("accepted", FIRST, [], figures)
    assert len(found["refusals"]) == SHOWN_REFUSALS
    assert found["refusals"][0] | {"decided_at": None} == {
        "decided_at": None,
        "champion": SECOND,
        "outcome": "refused",
        "reasons": reasons,
        "figures": {"data": {}},
    }


async def test_a_release_is_promoted_and_serves_at_once(api: Api, registry: Registry) -> None:
    answer = await api.client.post(f"/releases/{FIRST}/promote", headers=KEY)
    assert (answer.status_code, answer.json()) == (200, {"release": FIRST, "previous": THIRD})
    assert (registry.version, await serving(api)) == (FIRST, FIRST)
    newest = (await api.client.get("/releases")).json()["deployments"][0]
    assert (newest["version"], newest["action"]) == (FIRST, "promote")
    assert "admin" in newest["reason"]


async def test_promoting_what_is_live_changes_nothing(api: Api) -> None:
    before = list(api.database.deployments)
    answer = await api.client.post(f"/releases/{THIRD}/promote", headers=KEY)
    assert (answer.status_code, answer.json()) == (200, {"release": THIRD, "previous": THIRD})
    assert api.database.deployments == before


async def test_a_worker_that_lags_behind_follows_when_it_is_asked(api: Api, registry: Registry) -> None:
    """Another worker promoted it; this one has not looked since."""
    registry.version = SECOND
    assert (await api.client.post(f"/releases/{SECOND}/promote", headers=KEY)).is_success
    assert await serving(api) == SECOND


async def test_each_rollback_goes_one_further_back(api: Api, registry: Registry) -> None:
    for expected, previous in ((SECOND, THIRD), (FIRST, SECOND)):
        answer = await api.client.post("/releases/rollback", headers=KEY)
        assert (answer.status_code, answer.json()) == (200, {"release": expected, "previous": previous})
        assert (registry.version, await serving(api)) == (expected, expected)
        newest = api.database.deployments[-1]
        assert (newest.version, newest.action) == (expected, "rollback")
        assert previous in newest.reason
    is_problem(await api.client.post("/releases/rollback", headers=KEY), 409)
    assert await serving(api) == FIRST


async def test_without_a_release_there_is_nothing_to_roll_back(api: Api, registry: Registry) -> None:
    registry.version = None
    is_problem(await api.client.post("/releases/rollback", headers=KEY), 409)


@pytest.mark.parametrize("address", [f"/releases/{FIRST}/promote", "/releases/rollback"])
@pytest.mark.parametrize("sent", [{}, {"X-API-Key": ""}, {"X-API-Key": "maste"}, {"X-API-Key": "open sesame"}])
@pytest.mark.usefixtures("past")
async def test_strangers_change_nothing(
    start: Start, configured: Settings, registry: Registry, address: str, sent: dict[str, str]
) -> None:
    """Where no key is asked for elsewhere, and where another one is."""
    for api_key in (None, "open sesame"):
        key = Settings(RECSTACK_API_KEY=api_key).api_key
        api = await start(configured.model_copy(update={"api_key": key}), registry=registry)
        problem = is_problem(await api.client.post(address, headers=sent), 403)
        assert "X-API-Key" in problem["detail"]
        assert "master" not in problem["detail"]
        assert registry.version == THIRD


@pytest.mark.usefixtures("past")
async def test_nobody_may_where_no_admin_key_is_configured(
    start: Start, configured: Settings, registry: Registry
) -> None:
    api = await start(configured.model_copy(update={"admin_key": None}), registry=registry)
    for sent in ({}, {"X-API-Key": ""}, KEY):
        problem = is_problem(await api.client.post("/releases/rollback", headers=sent), 403)
        assert "RECSTACK_ADMIN_KEY" in problem["detail"]
    assert registry.version == THIRD


@pytest.mark.parametrize("version", ["20260101-000000-ffff", ".hidden", "a" * 65, "%2e%2e"])
async def test_an_unknown_release_is_not_found(api: Api, registry: Registry, version: str) -> None:
    is_problem(await api.client.post(f"/releases/{version}/promote", headers=KEY), 404)
    assert registry.version == THIRD


async def test_a_release_that_mlflow_does_not_know_is_not_found(api: Api, registry: Registry) -> None:
    registry.registered.discard(FIRST)
    problem = is_problem(await api.client.post(f"/releases/{FIRST}/promote", headers=KEY), 404)
    assert "MLflow" in problem["detail"]
    assert await serving(api) == THIRD


async def test_a_damaged_release_is_refused_with_the_reason(api: Api, registry: Registry, folder: Path) -> None:
    damage(folder, SECOND)
    before = sample("recstack_release_swaps_total", outcome="refused")
    for address in (f"/releases/{SECOND}/promote", "/releases/rollback"):
        problem = is_problem(await api.client.post(address, headers=KEY), 409)
        assert "item_ids.npy does not match its hash" in problem["detail"]
    assert (registry.version, await serving(api)) == (THIRD, THIRD)
    assert sample("recstack_release_swaps_total", outcome="refused") == before + 2


async def test_a_release_without_a_readable_manifest_is_listed_with_its_problem(
    api: Api, registry: Registry, folder: Path
) -> None:
    (folder / SECOND / "manifest.json").unlink()
    (folder / SECOND / "manifest.json").write_text("{}")
    known = {each["version"]: each for each in (await api.client.get("/releases")).json()["releases"]}
    assert "manifest" in known[SECOND]["problem"]
    assert (known[SECOND]["created_at"], known[SECOND]["metrics"]) == (None, {})
    is_problem(await api.client.post(f"/releases/{SECOND}/promote", headers=KEY), 409)
    assert registry.version == THIRD


async def test_a_rollback_passes_over_what_is_no_longer_kept(api: Api, registry: Registry, folder: Path) -> None:
    (folder / SECOND).rename(folder / ".gone")
    assert (await api.client.post("/releases/rollback", headers=KEY)).json()["release"] == FIRST


@pytest.mark.parametrize("address", [f"/releases/{FIRST}/promote", "/releases/rollback"])
async def test_while_mlflow_is_away_nothing_changes(api: Api, registry: Registry, address: str) -> None:
    before = list(api.database.deployments)
    registry.is_up = False
    answer = await api.client.post(address, headers=KEY)
    is_problem(answer, 503)
    assert answer.headers["Retry-After"] == "7"
    assert (registry.version, await serving(api), api.database.deployments) == (THIRD, THIRD, before)


async def test_while_postgres_is_away_a_release_can_be_promoted(
    start: Start, configured: Settings, registry: Registry
) -> None:
    """Only the way back needs the record of what was live."""
    api = await start(configured, registry=registry, deployments=Away())
    assert (await api.client.post(f"/releases/{FIRST}/promote", headers=KEY)).is_success
    assert await serving(api) == FIRST
    is_problem(await api.client.post("/releases/rollback", headers=KEY), 503)
    is_problem(await api.client.get("/releases"), 503)
    assert registry.version == FIRST


async def test_what_is_sent_along_is_refused(api: Api, registry: Registry) -> None:
    is_problem(await api.client.post("/releases/rollback", headers=KEY, json={"to": FIRST}), 422, "body")
    is_problem(await api.client.post("/releases/rollback?to=1", headers=KEY), 422, "to")
    assert registry.version == THIRD
