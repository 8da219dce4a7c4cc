"""What README says is there."""

from __future__ import annotations

import re
import subprocess

import pytest

from native.places import ROOT, read_environment_file

README = (ROOT / "README.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_every_link_leads_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    named = {word for line in re.findall(r"\bmake ((?:[a-z-]+ ?)+)", README) for word in line.split()}
    assert {"test", "test-quick"} <= named & targets
    assert set(re.findall(r"^make ([a-z-]+)", README, re.MULTILINE)) <= targets
    assert all(
        f"{target}: " in MAKEFILE and "##" in MAKEFILE.split(f"\n{target}:")[1].split("\n")[0] for target in targets
    )


def test_the_table_of_services_has_the_ports_of_the_example() -> None:
    example = read_environment_file(ROOT / ".env.example")
    for name in [name for name in example if name.endswith("_PORT")]:
        assert f":{example[name]}" in README, name
    assert example["JUPYTER_TOKEN"] in README


def test_the_commands_of_setup_are_those_of_its_help() -> None:
    done = subprocess.run(["sh", str(ROOT / "setup.sh"), "--help"], check=True, capture_output=True, text=True)
    for command in re.findall(r"`\./setup\.sh ([a-z]+)", README):
        assert f"./setup.sh {command}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"), [(["--bogus"], "Unknown argument"), (["--without"], "needs the name of a service")]
)
def test_what_setup_cannot_do_is_said_with_status_2(arguments: list[str], sentence: str) -> None:
    done = subprocess.run(["sh", str(ROOT / "setup.sh"), *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert sentence in done.stderr
