"""PostgreSQL as the topology starts it: the account, the place, who gets in."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from native import processes
from native.account import Account, private_folder, server_account
from native.configuration import Configuration
from native.errors import CannotStart
from native.ports import LOOPBACK, free_port
from native.providers import database
from native.providers.postgres import STOP_SIGNAL, PostgresServer
from native.providers.postgres_binaries import fill_copy, usable_tree, wheel_tree

pytestmark = pytest.mark.integration


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that PostgreSQL's account can use."""
    folder = private_folder(server_account(), "recstack-test-")
    yield folder
    shutil.rmtree(folder)


class Recluse(Account):
    """An account that cannot get at anything of ours."""

    def can(self, mode: str, path: Path) -> bool:
        del mode, path
        return False


def _recluse() -> Account:
    return Recluse(**dataclasses.asdict(server_account()))


def test_a_copy_of_the_binaries_runs_where_the_wheel_cannot_be_reached(place: Path) -> None:
    tree = usable_tree(_recluse(), place)
    assert tree != wheel_tree()
    fill_copy(tree)
    server = PostgresServer(tree, place / "data", place, free_port(), server_account(), {"fsync": "off"})
    server.initialise()
    with (place / "log").open("wb") as output:
        process = processes.start(server.command(), output=output, account=server.account, stop_signal=STOP_SIGNAL)
    try:
        deadline = time.monotonic() + 30
        while not server.is_ready():
            assert time.monotonic() < deadline, (place / "log").read_text()
            time.sleep(0.05)
        with server.admin() as connection:
            row = connection.execute("SHOW data_directory").fetchone()
            assert row == (str(place / "data"),)
            connection.execute("CREATE EXTENSION vector")
    finally:
        processes.stop(process, STOP_SIGNAL)


def test_an_interrupted_copy_is_made_anew(place: Path) -> None:
    tree = usable_tree(_recluse(), place)
    torn = place / f"{tree.parents[1].name}.new" / "torn"
    torn.mkdir(parents=True)
    fill_copy(tree)
    assert not torn.exists()
    initdb = tree / "bin" / "initdb"
    assert "18" in subprocess.run([initdb, "--version"], check=True, capture_output=True, text=True).stdout
    before = initdb.stat().st_mtime_ns
    fill_copy(tree)
    assert initdb.stat().st_mtime_ns == before


def test_the_superuser_is_not_reachable_over_tcp(postgres_server: PostgresServer) -> None:
    url = f"postgresql://postgres@{LOOPBACK}:{postgres_server.port}/postgres"
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
        psycopg.connect(url, connect_timeout=5)
    assert postgres_server.socket.stat().st_mode & 0o077 == 0
    with psycopg.connect(postgres_server.url("postgres")) as connection:
        row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    assert row == (False,)


def test_data_of_another_major_version_is_left_alone(place: Path) -> None:
    server = PostgresServer(wheel_tree(), place / "data", place, free_port(), server_account())
    (place / "data").mkdir()
    (place / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(CannotStart, match="written by PostgreSQL 17, this is 18"):
        server.initialise()
    assert [path.name for path in (place / "data").iterdir()] == ["PG_VERSION"]


def test_the_data_lies_in_the_state_folder_where_the_account_can_go(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSTACK_STATE_DIR", str(place))
    assert database.home(Configuration(), server_account()) == place / "postgres"


def test_roots_data_lies_elsewhere_where_it_cannot_and_no_folder_above_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root's PostgreSQL runs under another account")
    private = tmp_path / "private"
    (private / "state").mkdir(parents=True)
    private.chmod(0o700)
    monkeypatch.setenv("RECSTACK_STATE_DIR", str(private / "state"))
    configuration = Configuration()
    server = database.server(configuration)
    assert server.data.parent.name == f"recstack-{configuration.fingerprint}"
    try:
        database.prepare(configuration, server)
        assert (private / "state" / "postgres").resolve() == server.data.parent
        assert (server.data / "PG_VERSION").read_text() == "18\n"
        assert server.data.stat().st_uid == server.account.uid
        assert private.stat().st_mode & 0o777 == 0o700
        assert private.stat().st_uid == 0
    finally:
        database.drop(configuration)
    assert not server.data.parent.exists()
    assert not (private / "state" / "postgres").is_symlink()


def test_a_place_that_somebody_else_took_is_refused(place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to somebody else")
    taken = place / "taken"
    taken.mkdir()
    os.chown(taken, 4242, 4242)
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        server_account().make_folder(taken)


def test_a_deep_state_folder_keeps_its_socket_near_the_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    monkeypatch.setenv("RECSTACK_STATE_DIR", str(deep))
    folder = database.socket_folder(Configuration(), server_account(), deep / "postgres")
    assert len(str(folder)) < database.LONGEST_SOCKET_FOLDER
