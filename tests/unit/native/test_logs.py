from __future__ import annotations

import os
from pathlib import Path

from native.logs import RotatingLog, last_lines, pump


def test_the_log_is_bounded_and_the_newest_lines_stay(tmp_path: Path) -> None:
    log = RotatingLog(tmp_path / "api.log", max_bytes=100, kept=2)
    for number in range(100):
        log.write(f"line {number:03}\n".encode())
    log.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["api.log", "api.log.1", "api.log.2"]
    assert all(path.stat().st_size <= 100 for path in tmp_path.iterdir())
    text = "".join((tmp_path / name).read_text() for name in reversed(files))
    assert text.splitlines() == [f"line {number:03}" for number in range(100 - len(text.splitlines()), 100)]


def test_a_log_goes_on_where_it_was(tmp_path: Path) -> None:
    for word in (b"before\n", b"after\n"):
        log = RotatingLog(tmp_path / "api.log")
        log.write(word)
        log.close()
    assert (tmp_path / "api.log").read_text() == "before\nafter\n"


def test_what_a_process_says_goes_to_its_log(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    log = RotatingLog(tmp_path / "api.log")
    thread = pump(os.fdopen(reader, "rb"), log)
    os.write(writer, b"hello\n")
    os.close(writer)
    thread.join(5)
    log.close()
    assert (tmp_path / "api.log").read_bytes() == b"hello\n"


def test_the_last_lines_skip_blanks_and_see_through_progress_bars(tmp_path: Path) -> None:
    path = tmp_path / "seed.log"
    path.write_bytes(b"one\ntwo\n\n10 %\r50 %\r100 %\n \n")
    assert last_lines(path) == ["100 %"]
    assert last_lines(path, 3) == ["10 %", "50 %", "100 %"]
    assert last_lines(tmp_path / "absent") == []
