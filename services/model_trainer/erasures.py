"""Who was erased, and which receipts wait for the release folder and for MLflow, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psycopg import Connection

from model_trainer.database import connect, reaching_postgres

RELEASES, MLFLOW = "releases", "mlflow"


def waiting_receipts(connection: Connection, store: str) -> list[str]:
    query = "SELECT receipt_id FROM erasure_steps WHERE store = %s AND done_at IS NULL"
    return [str(receipt_id) for (receipt_id,) in connection.execute(query, (store,)).fetchall()]


def tombstones(connection: Connection) -> frozenset[bytes]:
    """Keyed hashes of everybody who was erased."""
    return frozenset(buried for (buried,) in connection.execute("SELECT hash FROM tombstones").fetchall())


def settle(connection: Connection, store: str, receipt_ids: Sequence[str]) -> None:
    """Those users are gone from `store`."""
    query = (
        "UPDATE erasure_steps SET done_at = now() WHERE store = %s AND done_at IS NULL AND receipt_id = ANY(%s::uuid[])"
    )
    connection.execute(query, (store, list(receipt_ids)))


def record_manifests(connection: Connection, digests: Mapping[str, str]) -> None:
    """The manifests of releases, by version, as they are now."""
    for version, digest in digests.items():
        connection.execute("UPDATE releases SET manifest_sha256 = %s WHERE version = %s", (digest, version))


def has_waiting(database_url: str) -> bool:
    """Whether a training would take anybody out of a store. Raises `Unavailable`."""
    with reaching_postgres(), connect(database_url) as connection:
        return bool(waiting_receipts(connection, RELEASES) or waiting_receipts(connection, MLFLOW))
