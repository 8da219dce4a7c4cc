from __future__ import annotations

from pathlib import Path

import pytest

from native import environment
from native.configuration import Configuration
from native.errors import CannotStart
from native.places import read_environment_file
from recsys.settings import Settings


def test_the_file_is_made_once_private_with_a_random_key(tmp_path: Path) -> None:
    first, second = tmp_path / "one.env", tmp_path / "two.env"
    assert environment.ensure(first)
    assert environment.ensure(second)
    assert first.stat().st_mode & 0o777 == 0o600
    keys = {read_environment_file(path)["RECSTACK_ADMIN_KEY"] for path in (first, second)}
    assert len(keys) == 2
    assert all(len(key) >= 32 for key in keys)
    before = first.read_text()
    assert not environment.ensure(first)
    assert first.read_text() == before


def test_everything_else_is_as_in_the_example(tmp_path: Path) -> None:
    environment.ensure(tmp_path / ".env")
    made, example = (read_environment_file(path) for path in (tmp_path / ".env", environment.EXAMPLE))
    assert list(made) == list(example)
    assert {name for name in made if made[name] != example[name]} == {"RECSTACK_ADMIN_KEY"}


def test_a_folder_without_permission_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="Cannot write"):
        environment.ensure(tmp_path / "absent" / ".env")


def test_every_variable_of_the_example_is_one_that_is_read() -> None:
    known = {field.alias for field in Configuration.model_fields.values()}
    assert set(read_environment_file(environment.EXAMPLE)) <= known


def test_the_example_says_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = Configuration()
    for name, value in read_environment_file(environment.EXAMPLE).items():
        monkeypatch.setenv(name, value)
    assert Configuration() == defaults


def test_a_moved_port_moves_the_address_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PORT", "15432")
    monkeypatch.setenv("MLFLOW_PORT", "15000")
    for settings in (Settings(), Configuration()):
        assert settings.database_url == "postgresql://recstack@127.0.0.1:15432/recstack"
        assert settings.mlflow_url == "http://127.0.0.1:15000"
        assert settings.redis_url == "redis://127.0.0.1:6379/0"
