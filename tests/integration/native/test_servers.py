from __future__ import annotations

import psycopg
import redis


def test_a_test_database_is_migrated_empty_and_postgresql_18(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert connection.info.server_version // 10000 == 18
        assert connection.execute("SELECT count(*) FROM items").fetchone() == (0,)
        assert connection.execute("SELECT current_user").fetchone() == ("recstack",)


def test_what_one_test_writes_the_next_does_not_see(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM categories").fetchone() == (0,)
        connection.execute("INSERT INTO categories (name) VALUES ('Books')")


def test_and_neither_does_the_one_after(database_url: str) -> None:
    test_what_one_test_writes_the_next_does_not_see(database_url)


def test_redis_is_empty_and_evicts_what_was_not_used(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}
        client.set("left", "behind")


def test_redis_is_empty_again(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
