from __future__ import annotations

import ssl

import pytest

from recsys.adapters.redis.address import pack, read_address
from recsys.errors import InvalidInput


def test_what_a_url_leaves_out_is_the_default() -> None:
    address = read_address("redis://")
    assert (address.host, address.port, address.path, address.tls, address.greeting) == (
        "127.0.0.1",
        6379,
        None,
        None,
        (),
    )


def test_a_new_connection_says_password_and_database() -> None:
    address = read_address("redis://me:p%40ss@cache:6380/2")
    assert (address.host, address.port) == ("cache", 6380)
    assert address.greeting == (("AUTH", "me", "p@ss"), ("SELECT", 2))
    assert read_address("redis://:secret@cache").greeting == (("AUTH", "secret"),)


def test_a_unix_socket_is_a_path() -> None:
    assert read_address("unix:///run/redis.sock?db=1").path == "/run/redis.sock"
    assert repr(read_address("unix:///run/redis.sock")) == "/run/redis.sock"


def test_tls_is_verified_unless_told_not_to() -> None:
    verified = read_address("rediss://cache").tls
    assert verified is not None
    assert (verified.verify_mode, verified.check_hostname) == (ssl.CERT_REQUIRED, True)
    trusting = read_address("rediss://cache?ssl_cert_reqs=none").tls
    assert trusting is not None
    assert trusting.verify_mode == ssl.CERT_NONE


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(read_address("redis://me:secret@cache/1"))


@pytest.mark.parametrize("url", ["", "cache:6379", "http://cache", "redis://cache:many"])
def test_a_url_that_cannot_be_read_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="RECSTACK_REDIS_URL"):
        read_address(url)


def test_a_command_travels_as_redis_reads_it() -> None:
    assert pack(("SET", b"k", 1)) == b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n"
