from __future__ import annotations

from pathlib import Path

import pytest

from native import places
from native.errors import CannotStart


def test_the_environment_file_gives_names_and_values(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# Ports.\n#API_PORT=1\nAPI_PORT=9000\nEMPTY=\nQUOTED='a = b'\nnonsense\n")
    assert places.read_environment_file(path) == {"API_PORT": "9000", "EMPTY": "", "QUOTED": "a = b"}
    assert places.read_environment_file(tmp_path / "absent") == {}


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "read_environment_file", lambda: {"RECSTACK_X": "file", "RECSTACK_Y": ""})
    assert places.variable("RECSTACK_X") == "file"
    monkeypatch.setenv("RECSTACK_X", "environment")
    assert places.variable("RECSTACK_X") == "environment"
    assert places.variable("RECSTACK_Y", "default") == "default"


def test_state_and_environment_can_be_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "read_environment_file", dict)
    monkeypatch.delenv("RECSTACK_VENV", raising=False)
    assert places.state_folder() == places.ROOT / ".recstack"
    assert places.venv_folder() == places.ROOT / ".venv"
    monkeypatch.setenv("RECSTACK_STATE_DIR", "/data/state")
    monkeypatch.setenv("RECSTACK_VENV", "/data/venv")
    assert places.state_folder() == Path("/data/state")
    assert places.venv_folder() == Path("/data/venv")


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotStart, match=r"Cannot write to .*file/below .*RECSTACK_STATE_DIR"):
        places.make_folder(tmp_path / "file" / "below")
    with pytest.raises(CannotStart, match="Cannot write to"):
        places.make_folder(tmp_path / "file")
