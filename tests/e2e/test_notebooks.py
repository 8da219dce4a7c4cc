"""Every notebook, run from top to bottom by a kernel of its own: its claims are assertions in its cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from native.places import ROOT
from tests.e2e.stack import Stack, service_environment

NOTEBOOKS = ROOT / "notebooks"
CELL_SECONDS = 120
NOWHERE = ("postgresql://recstack@127.0.0.1:1/none", "redis://127.0.0.1:1/0", "http://127.0.0.1:1")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Neither the caller's settings of Jupyter nor files in their home; one cache of fonts for all notebooks."""
    folder = tmp_path_factory.mktemp("jupyter")
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR")
    return {name: str(folder / name.lower()) for name in names}


@pytest.fixture(autouse=True)
def _own_jupyter(monkeypatch: pytest.MonkeyPatch, home: dict[str, str]) -> None:
    for name, folder in home.items():
        monkeypatch.setenv(name, folder)


def _execute(name: str, environment: dict[str, str]) -> list[Any]:
    """The outputs of all cells; raises for the first one that fails."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    client = NotebookClient(
        notebook, timeout=CELL_SECONDS, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOKS)}}
    )
    client.execute(env=environment)
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def _assert_clean(outputs: list[Any], *, plots: int) -> None:
    said = [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    assert said == []
    assert sum("image/png" in output.get("data", {}) for output in outputs) == plots


@pytest.mark.parametrize(
    ("name", "plots"), [("01_the_data.ipynb", 5), ("02_compare_models.ipynb", 4), ("03_read_a_recommendation.ipynb", 3)]
)
def test_a_notebook_over_the_stack_keeps_what_it_claims(
    generated: Stack, home: dict[str, str], name: str, plots: int
) -> None:
    _assert_clean(_execute(name, generated.environment | home | {"RECSTACK_API_URL": generated.url}), plots=plots)


def test_the_notebook_that_builds_everything_by_hand_needs_no_server(home: dict[str, str], tmp_path: Path) -> None:
    environment = service_environment(tmp_path, *NOWHERE) | home
    _assert_clean(_execute("04_build_a_recommender.ipynb", environment), plots=1)
