"""A run is kept, and made again only where something changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import runs
from benchmarks.runs import Run, load, measured
from recsys.errors import DataRefused

SCRIPT = """
import json, pathlib, sys
count = pathlib.Path(__file__).with_suffix(".count")
n = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(n))
pathlib.Path(sys.argv[sys.argv.index("--json") + 1]).write_text(json.dumps({"made": n}))
"""
DESCRIPTION = {"set": "s", "fold": None}


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return str(path)


def _made(run: Run) -> int:
    made: int = run.figures["made"]
    return made


def test_the_same_command_on_the_same_code_is_run_once(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "runs" / "s.json"
    first = measured(path, [script], "python script.py", DESCRIPTION, again=False)
    assert _made(first) == 1
    assert measured(path, [script], "python script.py", DESCRIPTION, again=False) == first == load(path)
    assert _made(measured(path, [script], "python script.py", DESCRIPTION, again=True)) == 2
    assert _made(measured(path, [script], "python script.py --k 5", DESCRIPTION, again=False)) == 3
    monkeypatch.setattr(runs, "code_digest", lambda: "other code")
    assert _made(measured(path, [script], "python script.py --k 5", DESCRIPTION, again=False)) == 4
    path.write_text("{}")
    assert load(path) is None
    assert _made(measured(path, [script], "python script.py --k 5", DESCRIPTION, again=False)) == 5


def test_a_run_that_fails_is_told_and_the_one_before_it_stays(script: str, tmp_path: Path) -> None:
    path = tmp_path / "runs" / "s.json"
    kept = measured(path, [script], "python script.py", DESCRIPTION, again=False)
    Path(script).write_text("import sys; print('no such thing', file=sys.stderr); sys.exit(2)")
    with pytest.raises(DataRefused, match="ended with 2: no such thing"):
        measured(path, [script], "python script.py", DESCRIPTION, again=True)
    assert load(path) == kept


def test_the_digest_is_that_of_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    source = tmp_path / "services" / "recsys" / "algorithms" / "some.py"
    source.parent.mkdir(parents=True)
    source.write_text("a = 1")
    before = runs.code_digest()
    (source.parent / "notes.txt").write_text("not code")
    assert runs.code_digest() == before
    source.write_text("a = 2")
    assert runs.code_digest() != before
    source.write_text("a = 1")
    (tmp_path / "services" / "recsys" / "preferences.py").write_text("b = 1")
    assert runs.code_digest() != before
