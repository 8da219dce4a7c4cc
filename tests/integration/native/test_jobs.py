"""Whether there is anything left to do before the API can answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from native.configuration import Configuration
from native.providers import jobs
from recsys.manifest import FORMAT, MANIFEST, Manifest, write_manifest

pytestmark = pytest.mark.integration

Publish = Callable[[str], Path]


@pytest.fixture
def configuration(database_url: str, tmp_path: Path) -> Configuration:
    return Configuration.model_validate({"RECSTACK_DATABASE_URL": database_url, "RECSTACK_STATE_DIR": tmp_path})


@pytest.fixture
def publish(configuration: Configuration) -> Publish:
    """Write a release's manifest and record it, each later than the one before; gives the manifest's path."""
    at = [datetime(2026, 3, 1, tzinfo=UTC)]

    def one(version: str) -> Path:
        at[0] += timedelta(hours=1)
        folder = configuration.releases / version
        folder.mkdir(parents=True)
        digest = write_manifest(folder, Manifest(version, at[0], {}, {}, {}))
        with psycopg.connect(configuration.database_url) as connection:
            connection.execute(
                "INSERT INTO releases (version, created_at, manifest_sha256) VALUES (%s, %s, %s)",
                (version, at[0], digest),
            )
        return folder / MANIFEST

    return one


def _in_format(manifest: Path, number: int) -> None:
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": number}))


def _why_not_to_train(configuration: Configuration, *, interrupted: bool = False) -> str | None:
    return jobs.train(configuration, (), (), {}).skip(interrupted)


def test_the_newest_release_that_is_on_disk_is_enough(configuration: Configuration, publish: Publish) -> None:
    assert _why_not_to_train(configuration) is None
    publish("v1")
    assert _why_not_to_train(configuration) == "release v1 is there"
    newest = publish("v2")
    assert _why_not_to_train(configuration) == "release v2 is there"
    newest.unlink()
    assert _why_not_to_train(configuration) == "release v1 is there"
    assert _why_not_to_train(configuration, interrupted=True) is None


@pytest.mark.parametrize("number", [FORMAT - 1, FORMAT + 1])
def test_a_release_in_another_layout_is_none(configuration: Configuration, publish: Publish, number: int) -> None:
    _in_format(publish("v1"), number)
    assert _why_not_to_train(configuration) is None


def test_a_manifest_that_lacks_what_this_version_needs_is_none(configuration: Configuration, publish: Publish) -> None:
    publish("v1").write_text(json.dumps({"format": FORMAT, "version": "v1"}))
    assert _why_not_to_train(configuration) is None


def test_an_older_release_in_this_layout_is_enough(configuration: Configuration, publish: Publish) -> None:
    publish("v1")
    _in_format(publish("v2"), FORMAT + 1)
    assert _why_not_to_train(configuration) == "release v1 is there"
