"""`make quality` on a set of a few lines: run, kept, told."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import quality


@pytest.mark.slow
def test_a_set_is_run_once_and_stands_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, out, page = tmp_path / "data", tmp_path / "out", tmp_path / "page.md"
    (data / "amazon-beauty").mkdir(parents=True)
    rows = [f"{user} " + " ".join(str(1 + (user + place) % 9) for place in range(5)) for user in range(1, 13)]
    (data / "amazon-beauty" / "sequences.txt").write_text("\n".join(rows))
    flags = ["amazon-beauty", "--data", str(data), "--out", str(out), "--page", str(page), "--budget", "0.1"]
    monkeypatch.setattr("sys.argv", ["quality.py", *flags])
    quality.main()
    told = page.read_text()
    assert "| amazon-beauty | hit_rate@10 | 1.0000 |" in told
    assert "--train sets/amazon-beauty/train.parquet --test sets/amazon-beauty/test.parquet --k 10" in told
    assert str(tmp_path) not in told
    kept = (out / "runs" / "amazon-beauty.json").stat().st_mtime_ns
    quality.main()
    assert (out / "runs" / "amazon-beauty.json").stat().st_mtime_ns == kept
