from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from data_generator.cli import app
from data_generator.truth import FILE_NAME, write_truth
from data_generator.world import World


@pytest.fixture(autouse=True)
def _own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RECSTACK_STATE_DIR", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rate", "0"], "--rate 0 is out of range: 0.01 to 1,000 actions a second"),
        (["--rate", "-3"], "--rate -3 is out of range"),
        (["--rate", "nan"], "--rate nan is out of range"),
        (["--rate", "1e6"], "--rate 1e+06 is out of range"),
        (["--rate", "many"], "--rate"),
        (["--duration", "0"], "--duration 0 is no number of seconds above 0"),
        (["--duration", "inf"], "--duration inf"),
        (["--seed", "-1"], "--seed -1 is out of range"),
    ],
)
def test_a_bad_flag_ends_with_a_sentence_and_code_2(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["simulate", *arguments])
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


def test_without_true_tastes_nobody_can_be_played() -> None:
    result = CliRunner().invoke(app, ["simulate"])
    assert result.exit_code == 2
    assert "no true tastes" in result.stderr
    assert "imported data has none" in result.stderr


def test_a_file_that_is_no_truth_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"PK\3\4 half a file"):
        (tmp_path / FILE_NAME).write_bytes(content)
        result = CliRunner().invoke(app, ["simulate"])
        assert result.exit_code == 2
        assert "cannot be read" in result.stderr
    np.savez(tmp_path / FILE_NAME, seed=1)
    assert "cannot be read" in CliRunner().invoke(app, ["simulate"]).stderr


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://shop", "http://", "not a url", "http://shop:port"])
def test_an_address_that_is_none_is_refused(world: World, tmp_path: Path, url: str) -> None:
    write_truth(tmp_path / FILE_NAME, world)
    result = CliRunner().invoke(app, ["simulate", "--api", url])
    assert result.exit_code == 2
    assert f"--api {url} is not an address" in " ".join(result.stderr.split())


def test_more_users_than_the_population_is_refused(world: World, tmp_path: Path) -> None:
    write_truth(tmp_path / FILE_NAME, world)
    result = CliRunner().invoke(app, ["simulate", "--users", "2000"])
    assert result.exit_code == 2
    assert "--users 2,000 is out of range" in result.stderr
