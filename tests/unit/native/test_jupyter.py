from __future__ import annotations

from pathlib import Path

import pytest

from native.configuration import Configuration
from native.places import ROOT
from native.providers import jupyter


def test_it_opens_the_notebooks_and_its_kernels_know_where_everything_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RECSTACK_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("API_PORT", "8123")
    service = jupyter.service(Configuration(), ())
    assert f"--ServerApp.root_dir={ROOT / 'notebooks'}" in service.command
    assert service.environment["RECSTACK_API_URL"] == "http://127.0.0.1:8123"
    assert service.environment["RECSTACK_STATE_DIR"] == str(tmp_path)
    assert {"RECSTACK_DATABASE_URL", "JUPYTER_TOKEN"} <= set(service.environment)
    homes = [folder for name, folder in service.environment.items() if name.endswith(("_DIR", "IPYTHONDIR"))]
    assert all(Path(folder).is_relative_to(tmp_path) for folder in homes)
