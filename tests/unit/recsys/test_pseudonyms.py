from __future__ import annotations

import hashlib
import hmac
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from recsys.pseudonyms import KEY_FILE, Pseudonyms
from recsys.settings import Settings


def test_a_hash_is_hmac_sha_256() -> None:
    expected = hmac.new(b"key", b"user:17", hashlib.sha256).digest()
    assert Pseudonyms(b"key").user(17) == expected


def test_without_the_key_a_hash_says_nothing() -> None:
    assert Pseudonyms(b"key").user(17) != Pseudonyms(b"other").user(17)


def test_an_external_id_is_another_name_than_a_number() -> None:
    named = Pseudonyms(b"key")
    assert named.external("17") != named.user(17)
    assert named.external("Zoë") != named.external("Zoe")


def test_the_configured_key_is_used(tmp_path: Path) -> None:
    settings = Settings(RECSTACK_ERASURE_KEY="key", RECSTACK_STATE_DIR=tmp_path)
    assert Pseudonyms.of(settings).user(1) == Pseudonyms(b"key").user(1)
    assert not (tmp_path / KEY_FILE).exists()


def test_without_a_configured_key_everybody_uses_the_one_that_was_drawn_first(tmp_path: Path) -> None:
    settings = Settings(RECSTACK_STATE_DIR=tmp_path / "state")
    Pseudonyms.of(settings)
    assert not settings.state_dir.exists(), "drawn before it is needed"
    with ThreadPoolExecutor(8) as pool:
        hashes = set(pool.map(lambda _: Pseudonyms.of(settings).user(1), range(8)))
    assert len(hashes) == 1
    kept = tmp_path / "state" / KEY_FILE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == [KEY_FILE]
