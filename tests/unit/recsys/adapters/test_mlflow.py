from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from recsys.adapters.mlflow import MlflowRegistry
from recsys.errors import Unavailable
from recsys.telemetry import DEPENDENCY_ERRORS

pytestmark = pytest.mark.anyio

Handler = Callable[[httpx.Request], httpx.Response]


def _registry(handler: Handler) -> MlflowRegistry:
    return MlflowRegistry("http://mlflow.invalid:5000", transport=httpx.MockTransport(handler))


async def test_asks_for_the_alias_of_the_release_model() -> None:
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, json={"model_version": {"tags": [{"key": "release", "value": "v7"}]}})

    async with _registry(answer) as registry:
        assert await registry.champion() == "v7"
    assert asked[0].path == "/api/2.0/mlflow/registered-models/alias"
    assert dict(asked[0].params) == {"name": "recstack-release", "alias": "champion"}


@pytest.mark.parametrize(("status", "code"), [(404, "RESOURCE_DOES_NOT_EXIST"), (400, "INVALID_PARAMETER_VALUE")])
async def test_a_missing_model_or_alias_is_no_champion(status: int, code: str) -> None:
    async with _registry(lambda _: httpx.Response(status, json={"error_code": code})) as registry:
        assert await registry.champion() is None


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(404, text="<h1>Not Found</h1>"),
        httpx.Response(404, json=["not", "mlflow"]),
        httpx.Response(200, json={"hello": "world"}),
        httpx.Response(200, json={"model_version": {"tags": []}}),
        httpx.Response(500, json={"error_code": "INTERNAL_ERROR"}),
        httpx.Response(403, json={"error_code": "PERMISSION_DENIED"}),
        httpx.Response(302, headers={"location": "http://elsewhere.invalid/login"}),
    ],
)
async def test_whatever_else_answers_is_unavailable_and_counted(response: httpx.Response) -> None:
    errors = DEPENDENCY_ERRORS.labels("mlflow")
    before = errors._value.get()
    async with _registry(lambda _: response) as registry:
        with pytest.raises(Unavailable, match=r"MLflow at http://mlflow\.invalid:5000"):
            await registry.champion()
    assert errors._value.get() == before + 1


async def test_a_silent_server_is_given_up_on() -> None:
    def silence(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    async with _registry(silence) as registry:
        with pytest.raises(Unavailable, match="ReadTimeout"):
            await registry.champion()
