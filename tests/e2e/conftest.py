"""One stack of each kind for all end-to-end tests: local processes, and containers where there are images for them.

`RECSTACK_E2E` chooses one kind, `RECSTACK_E2E_URL` names a stack that runs already.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from recsys.domain import Algorithm
from recsys.migrations import migrate
from recsys.testing.worlds import SmallWorld, small_world
from tests.conftest import running_mlflow
from tests.e2e.compose import running_containers
from tests.e2e.releases import PROMISED_SECONDS, RECORDED_SECONDS, live, releases
from tests.e2e.stack import Stack, load_world, run, running_api, service_environment

DATABASE, GENERATED_DATABASE = "recstack_e2e", "recstack_generated"
GENERATED = ("--users", "600", "--items", "8000", "--interactions", "30000", "--seed", "7")
"""Small, and yet taste tells more in it than fame."""
FOLDER = Path(__file__).parent

STACK_SECONDS = 600
CONTAINER_SECONDS = 2400
"""The first test waits for all servers and a training, the first in containers also for the images."""
PROCESSES, CONTAINERS, OUTSIDE = "processes", "containers", "outside"
PAST = "2020-01-01T00:00:00Z"

Recommend = Callable[..., dict[str, Any]]
PutItem = Callable[..., int]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [item for item in items if item.path.is_relative_to(FOLDER)]
    for item in ours:
        item.add_marker(pytest.mark.e2e)
        item.add_marker(pytest.mark.timeout(CONTAINER_SECONDS if CONTAINERS in item.name else STACK_SECONDS))
    ranked = iter(sorted(ours, key=_rank))
    items[:] = [next(ranked) if item.path.is_relative_to(FOLDER) else item for item in items]


def _rank(item: pytest.Item) -> int:
    late = item.get_closest_marker("late")
    return int(late.args[0]) if late else 0


def runtimes() -> list[str]:
    """What the suite runs against: local processes, and containers where stand-in images or `RECSTACK_E2E` say so."""
    if os.environ.get("RECSTACK_E2E_URL"):
        return [OUTSIDE]
    chosen = os.environ.get("RECSTACK_E2E")
    if chosen in {PROCESSES, CONTAINERS}:
        return [chosen]
    return [PROCESSES, CONTAINERS] if os.environ.get("RECSTACK_STAND_INS") else [PROCESSES]


@pytest.fixture(scope="session", params=runtimes())
def runtime(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@dataclass(frozen=True)
class Outside:
    """A stack that somebody else started; `key` is its RECSTACK_API_KEY."""

    url: str
    key: str | None


@pytest.fixture(scope="session")
def outside() -> Outside | None:
    url = os.environ.get("RECSTACK_E2E_URL")
    return Outside(url, os.environ.get("RECSTACK_API_KEY")) if url else None


@pytest.fixture(scope="session")
def _stack(runtime: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if runtime == CONTAINERS:
        with running_containers(tmp_path_factory.mktemp("containers")) as stack:
            yield stack
    else:
        with running_processes(request, tmp_path_factory.mktemp("state")) as stack:
            yield stack


@contextmanager
def running_processes(request: pytest.FixtureRequest, state: Path) -> Iterator[Stack]:
    postgres = request.getfixturevalue("postgres_server")
    redis_url = request.getfixturevalue("redis_server").url()
    mlflow_url = request.getfixturevalue("mlflow_server")
    postgres.ensure_database(DATABASE)
    database_url = postgres.url(DATABASE)
    migrate(database_url)
    load_world(database_url, small_world())
    environment = service_environment(state, database_url, redis_url, mlflow_url)
    stack = Stack(f"http://127.0.0.1:{environment['API_PORT']}", database_url, redis_url, environment)
    stack.train()
    with running_api(environment, state / "api.log"):
        yield stack


@pytest.fixture
def stack(request: pytest.FixtureRequest, runtime: str, outside: Outside | None) -> Stack:
    """The stack of these tests, with its database and its commands."""
    if outside:
        pytest.skip("RECSTACK_E2E_URL names a stack of somebody's own: this test needs the small world in it")
    found: Stack = request.getfixturevalue("_stack")
    return found


@pytest.fixture(scope="session")
def _generated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    postgres = request.getfixturevalue("postgres_server")
    redis_url = request.getfixturevalue("redis_server").url().replace("/0", "/1")
    postgres.ensure_database(GENERATED_DATABASE)
    database_url = postgres.url(GENERATED_DATABASE)
    migrate(database_url)
    state = tmp_path_factory.mktemp("generated")
    with running_mlflow(postgres, "mlflow_generated") as mlflow_url:
        environment = service_environment(state, database_url, redis_url, mlflow_url)
        stack = Stack(f"http://127.0.0.1:{environment['API_PORT']}", database_url, redis_url, environment)
        run(["data_generator", "seed", *GENERATED], environment)
        stack.train()
        with running_api(environment, state / "api.log"):
            yield stack


@pytest.fixture
def generated(request: pytest.FixtureRequest, outside: Outside | None) -> Stack:
    """A second stack, over a world that `data_generator seed` drew: its true tastes lie in the state folder."""
    if outside:
        pytest.skip("RECSTACK_E2E_URL names a stack of somebody's own: this test needs a generated world and its truth")
    found: Stack = request.getfixturevalue("_generated")
    return found


@pytest.fixture
def world(stack: Stack) -> SmallWorld:
    """What is in the database of `stack`."""
    return small_world()


@pytest.fixture(scope="session")
def api(request: pytest.FixtureRequest, runtime: str, outside: Outside | None) -> Iterator[httpx.Client]:
    """Speaks to the API, whoever started it."""
    url = outside.url if outside else request.getfixturevalue("_stack").url
    headers = {"X-API-Key": outside.key} if outside and outside.key else {}
    with httpx.Client(base_url=url, timeout=30, headers=headers) as client:
        yield client


@pytest.fixture
def recommend(api: httpx.Client) -> Recommend:
    """The answer to `POST /recommendations`, which must be a 200."""

    def answer(user_id: int, **body: object) -> dict[str, Any]:
        response = api.post("/recommendations", json={"user_id": user_id, **body})
        assert response.status_code == httpx.codes.OK, response.text
        found: dict[str, Any] = response.json()
        return found

    return answer


@pytest.fixture
def newcomer(api: httpx.Client) -> int:
    """A user who signed up just now and said nothing."""
    response = api.post("/users", json={})
    assert response.status_code == httpx.codes.CREATED, response.text
    return int(response.json()["user_id"])


@pytest.fixture
def put_item(api: httpx.Client) -> Iterator[PutItem]:
    """Puts a new item, or an earlier one of the same test anew, and gives its id; all are withdrawn afterwards."""
    written: dict[int, str] = {}

    def put(item_id: int | None = None, **fields: object) -> int:
        number = item_id or 1_000_000 + uuid.uuid4().int % 10**9
        body = {"title": f"Made for test {number}", "category": "Made for tests", **fields}
        response = api.put(f"/items/{number}", json=body)
        assert response.status_code == (httpx.codes.OK if number in written else httpx.codes.CREATED), response.text
        written[number] = str(body["category"])
        return number

    yield put
    for number, category in written.items():
        api.put(f"/items/{number}", json={"title": "Withdrawn", "category": category, "available_until": PAST})


@pytest.fixture
def served(api: httpx.Client) -> list[Algorithm]:
    """The algorithms that can be asked for."""
    return [Algorithm(entry["name"]) for entry in api.get("/algorithms").json()["algorithms"]]


@pytest.fixture
def newest(stack: Stack, api: httpx.Client) -> str:
    """The newest release, which is live, and was preceded by another one."""
    if len(releases(api)["deployments"]) < 2:
        before = live(api)
        stack.train()
        deadline = time.monotonic() + PROMISED_SECONDS + RECORDED_SECONDS
        while live(api) == before or len(releases(api)["deployments"]) < 2:
            assert time.monotonic() < deadline, "the second release is not live"
            time.sleep(0.1)
    return live(api)
