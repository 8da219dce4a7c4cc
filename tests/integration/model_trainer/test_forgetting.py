"""What a training takes out of the kept releases, of MLflow's copies and of PostgreSQL's record of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import psycopg
import pytest

from model_trainer.decision import Decision
from model_trainer.forgetting import Forgetting
from model_trainer.publish import Publisher
from model_trainer.state import ServerState
from recsys.adapters.mlflow_tracking import MlflowTracking
from recsys.algorithms.hybrid import Hybrid, HybridConfig
from recsys.algorithms.registry import create
from recsys.domain import Algorithm
from recsys.errors import Unavailable
from recsys.manifest import MANIFEST, read_manifest, sha256_of
from recsys.pseudonyms import Pseudonyms
from recsys.release import Release, load_release, verify_release
from recsys.settings import Settings
from recsys.testing.worlds import END, small_world, training_data

pytestmark = pytest.mark.integration

NAMES = Pseudonyms(b"a test's key")
SOMEBODY = 7

Forget = Callable[[], Forgetting]


@pytest.fixture(scope="module")
def learned() -> Release:
    """Of few models: every file of theirs is uploaded."""
    data = training_data(small_world())
    models = {name: create(name).fit(data) for name in (Algorithm.POPULARITY, Algorithm.USER_BASED)}
    hybrid = Hybrid(HybridConfig({"user_based": 1.0})).bind(models)
    return Release(
        "", END, data.user_ids, data.item_ids, data.histories, {**models, Algorithm.HYBRID: hybrid}, snapshot={}
    )


@pytest.fixture
def publisher(settings: Settings, tracking: MlflowTracking, learned: Release) -> Publisher:
    """Of two releases, both with everybody in them."""
    publisher = Publisher(settings.releases, tracking, settings.database_url, keep=5)
    for version in ("v1", "v2"):
        digest = publisher.write(replace(learned, version=version), lambda _: None)
        publisher.register(version, digest, Decision(END, None), lambda: None)
        publisher.promote(version)
    return publisher


@pytest.fixture
def forget(publisher: Publisher) -> Forget:
    return lambda: Forgetting(publisher.releases, publisher.tracking, publisher.database_url, NAMES)


def bury(database_url: str, user_id: int) -> str:
    """As the API does; the receipt."""
    receipt = str(uuid4())
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO tombstones (hash) VALUES (%s)", (NAMES.user(user_id),))
        connection.execute("INSERT INTO erasures VALUES (%s, %s, now(), '{}')", (receipt, NAMES.user(user_id)))
        for store in ("redis", "releases", "mlflow"):
            connection.execute("INSERT INTO erasure_steps VALUES (%s, %s)", (receipt, store))
    return receipt


def open_stores(database_url: str, receipt: str) -> set[str]:
    with psycopg.connect(database_url) as connection:
        query = "SELECT store FROM erasure_steps WHERE receipt_id = %s AND done_at IS NULL"
        return {store for (store,) in connection.execute(query, (receipt,)).fetchall()}


def copy_of(publisher: Publisher, version: str, place: Path) -> Path:
    """MLflow's copy of a release, downloaded into one folder."""
    place.mkdir()
    client = publisher.tracking.client
    for model in client.search_registered_models():
        for known in client.search_model_versions(f"name='{model.name}'"):
            if known.tags.get("release") == version:
                for found in client.list_artifacts(known.run_id):
                    client.download_artifacts(known.run_id, found.path, str(place))
    return place


def uploads(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by each file that goes to MLflow."""
    uploaded: list[str] = []
    real = publisher.tracking.client.log_artifact

    def log_artifact(run: str, path: str, place: str | None = None) -> None:
        uploaded.append(Path(path).relative_to(publisher.releases).as_posix())
        real(run, path, place)

    monkeypatch.setattr(publisher.tracking.client, "log_artifact", log_artifact)
    return uploaded


def test_every_kept_release_and_its_copy_forget(
    publisher: Publisher, forget: Forget, tmp_path: Path, learned: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what has changed is uploaded, the manifest last; without an erasure nothing is touched."""
    before = read_manifest(publisher.releases, "v1")
    assert forget().run() == ""
    assert read_manifest(publisher.releases, "v1") == before
    receipt = bury(publisher.database_url, SOMEBODY)
    uploaded = uploads(publisher, monkeypatch)
    assert forget().run() == "1 erasures, 2 rows of users rewritten"
    of_one = [name.removeprefix("v1/") for name in uploaded if name.startswith("v1/")]
    assert of_one[-1] == MANIFEST
    assert "user_ids.npy" in of_one
    assert {name.partition("/")[0] for name in of_one if "/" in name} == {"histories", "user_based"}
    assert open_stores(publisher.database_url, receipt) == {"redis"}
    for version in ("v1", "v2"):
        verify_release(publisher.releases, version)
        rest = load_release(publisher.releases, version)
        assert set(learned.user_ids.tolist()) - set(rest.user_ids.tolist()) == {SOMEBODY}
        copied = copy_of(publisher, version, tmp_path / version)
        (copied / "decision.json").unlink()
        folder = publisher.releases / version
        names = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
        assert names == {path.relative_to(copied) for path in copied.rglob("*") if path.is_file()}
        assert all(sha256_of(folder / name) == sha256_of(copied / name) for name in names)
        with psycopg.connect(publisher.database_url) as connection:
            query = "SELECT manifest_sha256 FROM releases WHERE version = %s"
            row = connection.execute(query, (version,)).fetchone()
        assert row == (sha256_of(folder / MANIFEST),)


def test_what_mlflow_missed_it_gets_the_next_time(
    publisher: Publisher, forget: Forget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes away in the middle of the second release."""
    receipt = bury(publisher.database_url, SOMEBODY)
    real, calls = publisher.tracking.client.log_artifact, iter(range(100))

    def log_artifact(run: str, path: str, place: str | None = None) -> None:
        if "/v2/" in path and next(calls) > 2:
            raise ConnectionError("gone")
        real(run, path, place)

    with monkeypatch.context() as patched:
        patched.setattr(publisher.tracking.client, "log_artifact", log_artifact)
        patched.setattr(publisher.tracking, "_reaching", _reaching_flaky)
        said = forget().run()
    assert "gone" in said
    assert open_stores(publisher.database_url, receipt) == {"redis", "mlflow"}
    assert forget().run() == "0 erasures, 0 rows of users rewritten"
    assert open_stores(publisher.database_url, receipt) == {"redis"}
    copied = copy_of(publisher, "v2", tmp_path / "v2")
    assert SOMEBODY not in np.load(copied / "user_ids.npy")


@contextmanager
def _reaching_flaky() -> Iterator[None]:
    try:
        yield
    except ConnectionError as error:
        raise Unavailable(f"MLflow: {error}", dependency="mlflow") from error


def test_a_damaged_release_keeps_the_receipt_open_and_the_others_forget(
    publisher: Publisher, forget: Forget, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schedule trains for an erasure alone, also where as many events as before have come meanwhile."""
    monkeypatch.setattr("model_trainer.state.count_events", lambda _: None)
    assert not ServerState(settings).has_news()
    receipt = bury(publisher.database_url, SOMEBODY)
    (publisher.releases / "v1" / "item_ids.npy").write_bytes(b"damaged")
    assert "item_ids.npy does not match its hash" in forget().run()
    assert SOMEBODY not in load_release(publisher.releases, "v2").user_ids
    assert open_stores(publisher.database_url, receipt) == {"redis", "releases", "mlflow"}
    assert ServerState(settings).has_news()
