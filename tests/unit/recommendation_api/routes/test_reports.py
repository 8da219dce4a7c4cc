from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from recsys.adapters.memory import MemoryReleaseRegistry
from recsys.release import write_release
from recsys.settings import Settings
from recsys.testing.releases import small_release
from recsys.testing.worlds import SmallWorld, training_data
from tests.unit.recommendation_api.conftest import Api, Start, is_problem

pytestmark = pytest.mark.anyio

WITH, WITHOUT = "20260201-000000-0001", "20260202-000000-0002"
PAGE = "<!doctype html><title>Release</title><p>1 \u00d7 2"


@pytest.fixture
def folder(world: SmallWorld, tmp_path: Path) -> Path:
    release = small_release(training_data(world))
    for version, page in ((WITH, PAGE), (WITHOUT, None)):
        write_release(tmp_path / "releases", replace(release, version=version, report=page))
    return tmp_path / "releases"


@pytest.fixture
async def api(start: Start, settings: Settings, folder: Path) -> Api:
    return await start(settings.model_copy(update={"releases_dir": folder}), registry=MemoryReleaseRegistry(WITH))


async def test_the_page_is_served_as_it_was_written(api: Api) -> None:
    answer = await api.client.get(f"/releases/{WITH}/report")
    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_no_browser_runs_or_loads_anything_for_it(api: Api) -> None:
    headers = (await api.client.get(f"/releases/{WITH}/report")).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert "script-src" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("version", ["20200101-000000-0000", WITHOUT, "..", "%2e%2e", ".hidden", "a" * 65])
async def test_what_has_no_page_is_not_found(api: Api, version: str) -> None:
    is_problem(await api.client.get(f"/releases/{version}/report"), 404)


async def test_a_page_that_was_changed_is_not_shown(api: Api, folder: Path) -> None:
    (folder / WITH / "report.html").write_text("<p>somebody else's")
    is_problem(await api.client.get(f"/releases/{WITH}/report"), 409)


async def test_a_parameter_that_it_does_not_know_is_refused(api: Api) -> None:
    is_problem(await api.client.get(f"/releases/{WITH}/report?format=pdf"), 422, "format")
