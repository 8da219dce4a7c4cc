"""Where this installation's PostgreSQL lies, and how it is tuned."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from native.account import Account, server_account
from native.configuration import Configuration
from native.errors import CannotStart
from native.providers.mlflow import DATABASE as MLFLOW_DATABASE
from native.providers.postgres import STOP_SIGNAL, PostgresServer
from native.providers.postgres_binaries import fill_copy, usable_tree, wheel_tree
from native.steps import Service

SERVICE = "postgres"
DATABASE = "recstack"
ELSEWHERE = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - the folder's owner is checked
LONGEST_SOCKET_FOLDER = 90
"""A Unix socket's path has at most 107 bytes."""
STOP_LIMIT = 60.0
TUNING = {
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "2s",
}


def home(configuration: Configuration, account: Account) -> Path:
    """`postgres/` in the state folder; where root's PostgreSQL account cannot get there, a folder that it can reach."""
    usual = configuration.state_dir / "postgres"
    if usual.is_symlink():
        return usual.resolve()
    if not account.drop or account.can("x", configuration.state_dir):
        return usual
    for parent in ELSEWHERE:
        if account.can("x", parent):
            return parent / f"recstack-{configuration.fingerprint}"
    raise CannotStart(
        f"The user {account.name}, under whom root's PostgreSQL runs, can enter neither {usual} nor /var."
    )


def socket_folder(configuration: Configuration, account: Account, folder: Path) -> Path:
    if len(str(folder)) <= LONGEST_SOCKET_FOLDER:
        return folder
    return Path(tempfile.gettempdir()) / f"recstack-{account.uid}-{configuration.fingerprint}"


def server(configuration: Configuration) -> PostgresServer:
    """Raises `CannotStart` where this machine has no account or no place for it."""
    try:
        account = server_account()
        wheel_tree()
    except LookupError as error:
        raise CannotStart(str(error)) from None
    folder = home(configuration, account)
    return PostgresServer(
        usable_tree(account, folder),
        folder / "data",
        socket_folder(configuration, account, folder),
        configuration.postgres_port,
        account,
        TUNING,
    )


def prepare(configuration: Configuration, postgres: PostgresServer) -> None:
    folder = postgres.data.parent
    try:
        postgres.account.make_folder(folder)
        postgres.account.make_folder(postgres.socket)
    except OSError as error:
        raise CannotStart(f"PostgreSQL cannot have {folder}: {error}") from None
    usual = configuration.state_dir / "postgres"
    if folder != usual and not usual.is_symlink():
        usual.symlink_to(folder)
    if postgres.tree != wheel_tree():
        fill_copy(postgres.tree)
    postgres.initialise()


def complete(postgres: PostgresServer) -> None:
    postgres.ensure_role()
    postgres.ensure_database(DATABASE)
    postgres.ensure_database(MLFLOW_DATABASE)


def service(configuration: Configuration) -> Service:
    postgres = server(configuration)
    return Service(
        SERVICE,
        tuple(postgres.command()),
        postgres.is_ready,
        prepare=lambda: prepare(configuration, postgres),
        complete=lambda: complete(postgres),
        account=postgres.account,
        stop_signal=STOP_SIGNAL,
        stop_limit=STOP_LIMIT,
        port=configuration.postgres_port,
        port_variable="POSTGRES_PORT",
        address=configuration.database_url,
    )


def drop(configuration: Configuration) -> None:
    """Delete the data, wherever it lies."""
    usual = configuration.state_dir / "postgres"
    shutil.rmtree(usual.resolve(), ignore_errors=True)
    if usual.is_symlink():
        usual.unlink()
