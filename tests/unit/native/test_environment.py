from __future__ import annotations

import re

import pytest

from native.configuration import Configuration
from native.places import ROOT, read_environment_file
from recsys.settings import Settings

EXAMPLE = ROOT / ".env.example"


def test_every_variable_of_the_example_is_one_that_is_read() -> None:
    known = {field.alias for field in Configuration.model_fields.values()}
    of_containers = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text("utf-8")))
    assert set(read_environment_file(EXAMPLE)) <= known | of_containers


def test_the_example_says_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = Configuration()
    for name, value in read_environment_file(EXAMPLE).items():
        monkeypatch.setenv(name, value)
    assert Configuration() == defaults


def test_a_moved_port_moves_the_address_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PORT", "15432")
    monkeypatch.setenv("MLFLOW_PORT", "15000")
    for settings in (Settings(), Configuration()):
        assert settings.database_url == "postgresql://recstack@127.0.0.1:15432/recstack"
        assert settings.mlflow_url == "http://127.0.0.1:15000"
        assert settings.redis_url == "redis://127.0.0.1:6379/0"
