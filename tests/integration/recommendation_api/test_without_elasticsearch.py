"""An address where nobody answers: the service starts, finds, writes, and says what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from recommendation_api.app import create_app
from recsys.settings import Settings
from recsys.testing.asgi import speaking_to

pytestmark = [pytest.mark.anyio, pytest.mark.integration]


async def test_it_starts_and_answers_without_the_elasticsearch_that_is_set(tmp_path: Path, free_tcp_port: int) -> None:
    settings = Settings.model_validate(
        {
            "RECSTACK_DATABASE_URL": "memory://",
            "RECSTACK_REDIS_URL": "memory://",
            "RECSTACK_MLFLOW_URL": "memory://",
            "RECSTACK_ELASTICSEARCH_URL": f"http://127.0.0.1:{free_tcp_port}",
            "RECSTACK_STATE_DIR": tmp_path,
        }
    )
    async with speaking_to(create_app(settings)) as client:
        put = await client.put("/items/7", json={"title": "Copper kettle", "category": "Kitchen"})
        assert put.status_code == 201, put.text
        answer = (await client.get("/search", params={"q": "coper"})).json()
        assert [entry["item_id"] for entry in answer["items"]] == [7]
        assert (answer["facets"], answer["degraded"]) == ({"Kitchen": 1}, ["elasticsearch"])
        health = (await client.get("/health")).json()
        assert (health["status"], health["dependencies"]["elasticsearch"]) == ("degraded", "down")
        metrics = (await client.get("/metrics")).text
        assert 'recstack_degraded_answers_total{dependency="elasticsearch"}' in metrics
        assert 'recstack_indexed_items_total{outcome="missed"}' in metrics
