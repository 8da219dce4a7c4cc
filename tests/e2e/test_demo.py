"""The guided tour: 0 when every promise was kept, 1 when one was broken, 2 when there is nothing to tour."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from native.places import ROOT
from native.ports import LOOPBACK, free_port


def _demo(url: str, *, width: int = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "demo.py"), "--url", url],
        env={**os.environ, "COLUMNS": str(width), "NO_PROXY": LOOPBACK},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("width", [80, 140])
def test_the_tour_keeps_its_promises(api: httpx.Client, width: int) -> None:
    done = _demo(str(api.base_url), width=width)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "promises were kept" in done.stdout
    assert "✗" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= width
    for part in ("hybrid", "content_based", "POST /recommendations, from the cache", "p95"):
        assert part in done.stdout


def test_without_an_api_it_says_what_to_do() -> None:
    done = _demo(f"http://{LOOPBACK}:{free_port()}")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "./setup.sh" in done.stderr
    assert "Traceback" not in done.stderr


class _Empty(BaseHTTPRequestHandler):
    """Answers everything, promises nothing."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        return


def test_a_broken_promise_is_shown_and_ends_with_1() -> None:
    with HTTPServer((LOOPBACK, 0), _Empty) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        done = _demo(f"http://{LOOPBACK}:{server.server_port}")
        server.shutdown()
        thread.join(10)
    assert done.returncode == 1, done.stderr
    assert "✗ expected: the stop goes to its end" in done.stdout
    assert "promises broken" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_bare_python_goes_on_in_the_virtual_environment_or_makes_one(tmp_path: Path) -> None:
    script = str(ROOT / "demo.py")
    without = {**os.environ, "RECSTACK_VENV": str(tmp_path / "venv"), "RECSTACK_STATE_DIR": str(tmp_path / "state")}
    done = subprocess.run(
        [sys.executable, "-IS", script, "--help"], env=without, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "✓ Python packages" in done.stdout
    assert "--url" in done.stdout
    held = {path.name for path in tmp_path.glob("venv/lib/python3*/site-packages/*")}
    assert {"httpx", "rich"} <= held
    assert "numpy" not in held
    unwritable = {**without, "RECSTACK_VENV": "/dev/null/venv"}
    done = subprocess.run(
        [sys.executable, "-IS", script, "--help"],
        env=unwritable,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "./setup.sh install brings them" in done.stderr
    there = {**os.environ, "RECSTACK_VENV": sys.prefix}
    done = subprocess.run(
        [sys.executable, "-IS", script, "--help"], env=there, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "--url" in done.stdout
