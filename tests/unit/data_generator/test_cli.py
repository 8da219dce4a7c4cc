from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from data_generator.cli import app


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--users", "100", "--interactions", "499"], "100 users need 500 or more"),
        (["--items", "0"], "--items 0 is out of range"),
        (["--seed", "-5"], "--seed -5 is out of range"),
        (["--end", "1900-01-01"], "--end must lie between"),
        (["--end", "yesterday"], "--end"),
        (["--users", "many"], "--users"),
    ],
)
def test_bad_sizes_and_dates_end_with_a_sentence_and_code_2(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["seed", *arguments])
    assert result.exit_code == 2
    assert words in re.sub(r"[\s│]+", " ", result.stderr)
    assert "Traceback" not in result.output


def test_help_names_every_flag_and_the_importers() -> None:
    text = CliRunner().invoke(app, ["seed", "--help"], env={"COLUMNS": "200"}).output
    for flag in ("--users", "--items", "--interactions", "--seed", "--end", "--replace", "50000", "2026-11-01"):
        assert flag in text
    assert "movielens" in CliRunner().invoke(app, ["import", "--help"], env={"COLUMNS": "200"}).output
