from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from native import install, places
from native.errors import CannotStart


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RECSTACK_VENV", str(tmp_path / "venv"))
    monkeypatch.setenv("RECSTACK_STATE_DIR", str(tmp_path / "state"))
    return places.venv_folder()


def test_a_folder_of_somebody_else_is_never_cleared(venv: Path) -> None:
    venv.mkdir()
    (venv / "thesis.tex").write_text("years of work")
    with pytest.raises(CannotStart, match="no virtual environment"):
        install.make_venv(venv)
    assert (venv / "thesis.tex").read_text() == "years of work"


def test_a_full_disk_is_a_sentence(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**12, 10**12, 10**9))
    with pytest.raises(CannotStart, match=r"disk is full: 1\.0 GB are free .* RECSTACK_VENV"):
        install.make_venv(venv)


def test_a_python_without_venv_is_told_the_package_and_leaves_nothing(
    venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(CannotStart, match=r"apt-get install python3\.\d+-venv"):
        install.make_venv(venv)
    assert not venv.exists()


def test_the_stamp_is_of_the_lock_that_was_installed(venv: Path) -> None:
    assert install.read_stamp(venv) == {}
    venv.mkdir()
    (venv / "recstack.json").write_text("{ torn")
    assert install.read_stamp(venv) == {}
    install.write_stamp(venv, "native")
    assert install.read_stamp(venv) == {lock: install.digest(lock) for lock in ("demo", "native")}
    install.write_stamp(venv, "demo", install.read_stamp(venv))
    assert install.read_stamp(venv) == {lock: install.digest(lock) for lock in ("demo", "native")}
    install.write_stamp(venv, "dev")
    assert install.read_stamp(venv) == {lock: install.digest(lock) for lock in ("demo", "native", "ncf", "dev")}


def test_what_is_installed_is_not_installed_again(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.mkdir()
    install.write_stamp(venv, "native")
    monkeypatch.setattr(install, "works", lambda _: True)
    monkeypatch.setattr(install, "make_venv", lambda _: pytest.fail("made again"))
    monkeypatch.setattr(install, "install_packages", lambda *_: pytest.fail("installed again"))
    install.install("native")


def test_the_neural_extra_comes_on_top_of_the_platform(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.mkdir()
    installed: list[str] = []

    def note(_: Path, lock: str, __: object) -> bool:
        installed.append(lock)
        return True

    monkeypatch.setattr(install, "works", lambda _: True)
    monkeypatch.setattr(install, "install_packages", note)
    monkeypatch.setattr(sys, "argv", ["install", "--ncf"])
    assert install.main() == 0
    assert installed == ["native", "ncf"]
    assert install.read_stamp(venv) == {lock: install.digest(lock) for lock in ("demo", "native", "ncf")}
    assert install.main() == 0
    assert installed == ["native", "ncf"]


def test_a_changed_lock_is_installed_and_a_failure_leaves_no_stamp(
    venv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    venv.mkdir()
    (venv / "recstack.json").write_text('{"native": "of yesterday"}')
    monkeypatch.setattr(install, "works", lambda _: True)
    monkeypatch.setattr(install, "install_packages", lambda *_: False)
    with pytest.raises(CannotStart, match=r"could not be installed: check the network .*install\.log"):
        install.install("native")
    assert install.read_stamp(venv) == {}
    assert "✗ Python packages" in capsys.readouterr().out
    monkeypatch.setattr(install, "install_packages", lambda *_: True)
    install.install("native")
    assert install.read_stamp(venv) == {lock: install.digest(lock) for lock in ("demo", "native")}


def test_a_broken_environment_does_not_work(venv: Path) -> None:
    assert not install.works(venv)
    python = install.python_of(venv)
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexit 1\n")
    assert not install.works(venv)
    python.chmod(0o755)
    assert not install.works(venv)
