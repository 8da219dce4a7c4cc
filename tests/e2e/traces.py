"""Where somebody's ids stand: every row, key, file and line of every store is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import redis
from psycopg import sql

from tests.e2e.stack import Stack

MLFLOW_DATABASE = "mlflow"
TABLES = """
SELECT table_schema, table_name FROM information_schema.tables
WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')
"""
IN_FILES = """
import sys
from pathlib import Path
folder, *wanted = sys.argv[1:]
for path in sorted(Path(folder).rglob("*")):
    content = path.read_bytes() if path.is_file() else b""
    if any(bytes.fromhex(each) in content for each in wanted):
        print(path.relative_to(folder).as_posix())
"""
ALL_RUNS = {"run_view_type": "ALL", "max_results": 1000}


@dataclass(frozen=True, slots=True)
class Traces:
    """Of a user whose ids occur by no chance: more than 2^32, and an id of another system."""

    stack: Stack
    user_id: int
    external_id: str

    def found(self) -> dict[str, list[str]]:
        """Places by store; a store without any is left out."""
        everywhere = {
            "postgres": list(self.in_postgres()),
            "redis": list(self.in_redis()),
            "releases": list(self.in_releases()),
            "mlflow": list(self.in_mlflow()),
            "logs": [line for line in self.stack.logs().splitlines() if self._names(line.encode())],
        }
        return {store: places for store, places in everywhere.items() if places}

    def in_postgres(self) -> Iterator[str]:
        """Tables, those of MLflow too: each row as text, whatever its columns are."""
        parts = urlsplit(self.stack.database_url)
        for database in (parts.path.removeprefix("/"), MLFLOW_DATABASE):
            with psycopg.connect(parts._replace(path=f"/{database}").geturl()) as connection:
                for schema, table in connection.execute(TABLES).fetchall():
                    query = sql.SQL("SELECT count(*) FROM {} AS each WHERE each::text LIKE ANY(%s)")
                    wanted = [f"%{self.user_id}%", f"%{self.external_id}%"]
                    row = connection.execute(query.format(sql.Identifier(schema, table)), (wanted,)).fetchone()
                    if row and row[0]:
                        yield f"{database}.{table}"

    def in_redis(self) -> Iterator[str]:
        """Keys, by their names and by what is in them."""
        with redis.Redis.from_url(self.stack.redis_url) as client:
            for key in client.scan_iter(count=1000):
                content = READERS[client.type(key)](client, key)
                if self._names(key) or self._names(repr(content).encode()):
                    yield key.decode(errors="replace")

    def in_releases(self) -> Iterator[str]:
        """Files of every release and whatever else lies beside them."""
        wanted = [each.hex() for each in self._spellings()]
        yield from self.stack.in_trainer(IN_FILES, self.stack.releases, *wanted).splitlines()

    def in_mlflow(self) -> Iterator[str]:
        """Artifacts of every run, also of deleted ones."""
        with httpx.Client(base_url=self.stack.environment["RECSTACK_MLFLOW_URL"], timeout=30) as client:
            answer = client.get("/api/2.0/mlflow/experiments/search", params={"max_results": 1000})
            ids = [each["experiment_id"] for each in answer.json()["experiments"]]
            runs = client.post("/api/2.0/mlflow/runs/search", json={"experiment_ids": ids, **ALL_RUNS}).json()
            for run in runs.get("runs", []):
                run_id = run["info"]["run_id"]
                for path in _artifacts(client, run_id, ""):
                    content = client.get("/get-artifact", params={"run_id": run_id, "path": path})
                    assert content.is_success, content.text
                    if self._names(content.content):
                        yield path

    def _names(self, content: bytes) -> bool:
        return any(spelling in content for spelling in self._spellings())

    def _spellings(self) -> list[bytes]:
        number = self.user_id
        return [
            str(number).encode(),
            number.to_bytes(8, "little"),
            number.to_bytes(8, "big"),
            self.external_id.encode(),
        ]


def _artifacts(client: httpx.Client, run_id: str, folder: str) -> Iterator[str]:
    listed = client.get("/api/2.0/mlflow/artifacts/list", params={"run_id": run_id, "path": folder}).json()
    for each in listed.get("files", []):
        if each.get("is_dir"):
            yield from _artifacts(client, run_id, each["path"])
        else:
            yield each["path"]


READERS: dict[bytes, Any] = {
    b"none": lambda _, __: b"",
    b"string": lambda client, key: client.get(key),
    b"hash": lambda client, key: client.hgetall(key),
    b"list": lambda client, key: client.lrange(key, 0, -1),
    b"set": lambda client, key: client.smembers(key),
    b"zset": lambda client, key: client.zrange(key, 0, -1),
}
