"""What is not there is left out, and the page is written from what is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import quality
from benchmarks.runs import Run

FIGURES = {
    "dataset": {"users": 1, "items": 2, "train": 3, "test": 4, "cold_users": 0, "validation": "last", "seed": 0},
    "algorithms": {
        "popularity": {
            "ndcg@10": 0.125,
            "settings": {},
            "seconds": {"tune": 0.0, "fit": 0.0, "recommend": 0.0},
            "peak_memory_mb": 1.0,
        }
    },
}
DESCRIPTION: dict[str, Any] = {
    "set": "anime",
    "fold": None,
    "protocol": "some",
    "metrics": ["ndcg@10"],
    "published": {},
    "facts": {},
}


def _main(monkeypatch: pytest.MonkeyPatch, folder: Path, *flags: str) -> str:
    page = folder / "page.md"
    monkeypatch.setattr("sys.argv", ["quality.py", "--out", str(folder / "out"), "--page", str(page), *flags])
    quality.main()
    return page.read_text()


def test_a_set_that_is_not_there_is_left_out_and_what_is_kept_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out" / "runs").mkdir(parents=True)
    command = "python -m model_trainer benchmark"
    run = Run("anime", None, command, "code", "commit", 1.0, "2 cores", DESCRIPTION, FIGURES)
    run.save(tmp_path / "out" / "runs" / "anime.json")
    told = _main(monkeypatch, tmp_path, "gowalla", "--data", str(tmp_path))
    assert "gowalla is left out: There is no folder gowalla in" in capsys.readouterr().err
    assert "| popularity | 0.1250 |" in told
    assert "Left out, as no run of them is kept: ml-100k, gowalla," in told
    assert _main(monkeypatch, tmp_path, "--report") == told


def test_a_set_of_another_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        _main(monkeypatch, tmp_path, "netflix")
    assert refused.value.code == 2
    assert "no such set: netflix" in capsys.readouterr().err
