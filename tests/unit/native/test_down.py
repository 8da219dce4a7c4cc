from __future__ import annotations

from pathlib import Path

import pytest

from native import down
from native.configuration import Configuration


def test_a_reset_touches_only_what_native_runs_keep(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    state, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    for folder in ("redis", "mlflow", "releases", "jupyter", "logs", "run", "holiday photos"):
        (state / folder).mkdir(parents=True)
        (state / folder / "file").write_text("")
    (elsewhere / "data").mkdir(parents=True)
    (state / "postgres").symlink_to(elsewhere)
    (state / "truth.npz").write_text("")
    (state / "run" / "train.unfinished").touch()
    monkeypatch.setenv("RECSTACK_STATE_DIR", str(state))
    down.drop(Configuration())
    assert not elsewhere.exists()
    assert {path.name for path in state.iterdir()} == {"logs", "run", "holiday photos"}
    assert {path.name for path in (state / "run").iterdir()} == {"file"}
