"""The installer on a real virtual environment, with a package index that is one folder."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from native import install, pip_settings
from native.errors import CannotStart

NAME, VERSION = "recstack_probe", "1.2.3"


def make_wheel(folder: Path) -> str:
    """A package of one module; returns its sha256."""
    info = f"{NAME}-{VERSION}.dist-info"
    files = {
        f"{NAME}.py": "ANSWER = 42\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{name},sha256={_digest(text)},{len(text)}" for name, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    folder.mkdir()
    path = folder / f"{NAME}-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def only_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """pip's configuration names nothing but a folder; returns the hash of the one wheel in it."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    configuration = tmp_path / "pip.conf"
    configuration.write_text(f"[global]\nno-index = true\nfind-links = {tmp_path / 'wheels'}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    return make_wheel(tmp_path / "wheels")


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "requirements"
    folder.mkdir()
    for name in ("bootstrap", "demo"):
        (folder / f"{name}.txt").write_text("")
    monkeypatch.setattr(install, "LOCKS", folder)
    monkeypatch.setenv("RECSTACK_VENV", str(tmp_path / "a venv"))
    monkeypatch.setenv("RECSTACK_STATE_DIR", str(tmp_path / "state"))
    return folder


def test_where_uv_cannot_pip_installs_and_checks_the_hash(tmp_path: Path, locks: Path, only_the_folder: str) -> None:
    lock = locks / "native.txt"
    lock.write_text(f"{NAME}=={VERSION} --hash=sha256:{'0' * 64}\n")
    with pytest.raises(CannotStart, match="could not be installed"):
        install.install("native")
    assert "hash" in (tmp_path / "state" / "logs" / "install.log").read_text().lower()

    lock.write_text(f"{NAME}=={VERSION} --hash=sha256:{only_the_folder}\n")
    install.install("native")
    python = str(install.python_of(tmp_path / "a venv"))
    code = f"import {NAME}, recsys; print({NAME}.ANSWER)"
    done = subprocess.run([python, "-c", code], cwd="/", check=True, capture_output=True, text=True)
    assert done.stdout == "42\n"


def test_uv_finds_packages_where_pip_would(tmp_path: Path, only_the_folder: str) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"{NAME}=={VERSION} --hash=sha256:{only_the_folder}\n")
    variables = pip_settings.uv_variables(pip_settings.read(Path(sys.executable)), os.environ)
    command = [sys.executable, "-m", "uv", "pip", "install", "--require-hashes", "-r", str(lock)]
    into = ["--target", str(tmp_path / "site"), "--cache-dir", str(tmp_path / "cache"), "--quiet"]
    subprocess.run([*command, *into], check=True, env=os.environ | variables)
    assert (tmp_path / "site" / f"{NAME}.py").exists()
