"""Which release MLflow's alias names, asked over its REST API: every worker asks every few seconds, so no client
library, which would cost seconds of start and tens of megabytes in each.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import httpx

from recsys.adapters.mlflow_names import CHAMPION, RELEASE_MODEL, RELEASE_TAG, without_credentials
from recsys.adapters.verdicts import not_registered
from recsys.errors import Unavailable
from recsys.manifest import check_version
from recsys.telemetry import DEPENDENCY_ERRORS

ALIAS_PATH = "/api/2.0/mlflow/registered-models/alias"
SEARCH_PATH = "/api/2.0/mlflow/model-versions/search"
ABSENT = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}
"""MLflow's codes for a model that is not registered and for an alias that is not set."""


class MlflowRegistry:
    """`ReleaseRegistry` over MLflow. Open it once, close it with the process."""

    def __init__(self, url: str, *, timeout: float = 2.0, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._server = without_credentials(url)
        self._client = httpx.AsyncClient(
            base_url=url,
            timeout=timeout,
            limits=httpx.Limits(max_connections=2),
            transport=transport,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def champion(self) -> str | None:
        """Version of the release that the alias points to; None before the first. Raises `Unavailable`."""
        with self._reaching():
            response = await self._client.get(ALIAS_PATH, params={"name": RELEASE_MODEL, "alias": CHAMPION})
            return _release_of(response.status_code, response.json())

    async def set_champion(self, version: str) -> None:
        """Move the alias. Raises `NotFound` for a release that is not registered, `Unavailable`."""
        check_version(version)
        with self._reaching():
            wanted = f"name='{RELEASE_MODEL}' and tags.{RELEASE_TAG}='{version}'"
            found = await self._client.get(SEARCH_PATH, params={"filter": wanted, "max_results": 1})
            numbers = [known["version"] for known in _content(found).get("model_versions", [])]
            if numbers:
                target = {"name": RELEASE_MODEL, "alias": CHAMPION, "version": numbers[0]}
                _content(await self._client.post(ALIAS_PATH, json=target))
        if not numbers:
            raise not_registered(version)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            DEPENDENCY_ERRORS.labels("mlflow").inc()
            reason = str(error) or type(error).__name__
            raise Unavailable(f"MLflow at {self._server} does not answer: {reason}", dependency="mlflow") from error


def _content(response: httpx.Response) -> Any:
    """Raises `ValueError` for anything but success."""
    if response.status_code != httpx.codes.OK:
        raise ValueError(f"status {response.status_code}")
    return response.json()


def _release_of(status: int, body: Any) -> str | None:
    """The tag of the version, None where nothing is registered; anything that MLflow does not say is an error."""
    if status == httpx.codes.OK:
        tags = {tag["key"]: tag["value"] for tag in body["model_version"].get("tags", [])}
        if RELEASE_TAG not in tags:
            raise ValueError(f"the champion of {RELEASE_MODEL} has no tag {RELEASE_TAG!r}")
        return str(tags[RELEASE_TAG])
    if body["error_code"] in ABSENT:
        return None
    raise ValueError(f"status {status}, {body['error_code']}")
