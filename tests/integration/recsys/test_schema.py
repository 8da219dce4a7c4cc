"""Bad rows are impossible, and a reader of the catalogue misses nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest

from native.providers.postgres import PostgresServer
from recsys.migrations import migrate

pytestmark = pytest.mark.integration

UUID = "'7d444840-9dc0-11d1-b245-5ffdce74fad2'"


@pytest.fixture(scope="module")
def schema_url(postgres_server: PostgresServer) -> Iterator[str]:
    """One database for all tests here: each of them rolls back."""
    postgres_server.ensure_database("schema")
    migrate(postgres_server.url("schema"))
    yield postgres_server.url("schema")
    with postgres_server.admin() as admin:
        admin.execute("DROP DATABASE schema WITH (FORCE)")


def _seed(connection: psycopg.Connection) -> None:
    connection.execute("INSERT INTO categories (category_id, name) VALUES (1, 'Books')")
    connection.execute("INSERT INTO users (user_id) VALUES (1)")
    connection.execute("INSERT INTO items (item_id, title, category_id) VALUES (1, 'Dune', 1)")


@pytest.fixture
def connection(schema_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(schema_url) as connection:
        _seed(connection)
        yield connection
        connection.rollback()


def _insert(table: str, **values: str) -> bytes:
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})".encode()  # noqa: S608


def _user(**values: str) -> bytes:
    return _insert("users", **{"user_id": "2", **values})


def _category(name: str) -> bytes:
    return _insert("categories", category_id="2", name=name)


def _item(**values: str) -> bytes:
    return _insert("items", **{"item_id": "2", "title": "'x'", **values})


def _event(**values: str) -> bytes:
    whole = {"event_id": "'e'", "user_id": "1", "item_id": "1", "type": "'view'", "occurred_at": "now()", **values}
    return _insert("interactions", **whole)


def _list(**values: str) -> bytes:
    whole = {"recommendation_id": UUID, "user_id": "1", "algorithm": "'als'", "item_ids": "'{1}'", **values}
    return _insert("recommendation_lists", **{"generated_at": "now()", **whole})


BAD = {
    "category blank": _category("' '"),
    "category padded": _category("'Films '"),
    "user 0": _user(user_id="0"),
    "user too young": _user(age="12"),
    "user too old": _user(age="121"),
    "country in lower case": _user(country="'de'"),
    "country of three letters": _user(country="'DEU'"),
    "gender unknown": _user(gender="'none'"),
    "signed up never": _user(signed_up_at="'infinity'"),
    "external id empty": _user(external_id="''"),
    "preference NaN": _insert("user_preferences", user_id="1", category_id="1", preference="'NaN'"),
    "preference above 1": _insert("user_preferences", user_id="1", category_id="1", preference="1.01"),
    "preference for no category": _insert("user_preferences", user_id="1", category_id="9", preference="1"),
    "liked item unknown": _insert("user_liked_items", user_id="1", item_id="9"),
    "item 0": _item(item_id="0"),
    "title empty": _item(title="''"),
    "title blank": _item(title="'  '"),
    "title too long": _item(title="repeat('x', 501)"),
    "title missing": _item(title="NULL"),
    "description empty": _item(description="''"),
    "description too long": _item(description="repeat('x', 20001)"),
    "category unknown": _item(category_id="9"),
    "tag empty": _item(tags="'{a,\"\"}'"),
    "tag null": _item(tags="'{a,NULL}'"),
    "tags nested": _item(tags="'{{a,b},{c,d}}'"),
    "tags too many": _item(tags="array_fill('a'::text, '{51}')"),
    "tags too long": _item(tags="ARRAY[repeat('x', 5051)]"),
    "brand empty": _item(brand="''"),
    "price NaN": _item(price="'NaN'"),
    "price infinite": _item(price="'infinity'"),
    "price negative": _item(price="-0.01"),
    "quality NaN": _item(quality="'NaN'"),
    "quality infinite": _item(quality="'infinity'"),
    "quality above 5": _item(quality="5.1"),
    "published never": _item(published_at="'-infinity'"),
    "available from never": _item(available_from="'infinity'"),
    "available until forever": _item(available_until="'infinity'"),
    "available to before from": _item(available_from="'2026-01-02'", available_until="'2026-01-02'"),
    "event id empty": _event(event_id="''"),
    "event id too long": _event(event_id="repeat('x', 129)"),
    "event of nobody": _event(user_id="9"),
    "event on nothing": _event(item_id="9"),
    "event of no type": _event(type="'gaze'"),
    "event at no time": _event(occurred_at="'infinity'"),
    "rating without a value": _event(type="'rating'"),
    "rating NaN": _event(type="'rating'", value="'NaN'"),
    "rating too low": _event(type="'rating'", value="0.4"),
    "view with a value": _event(value="3"),
    "recommendation id no UUID": _event(recommendation_id="'abc'"),
    "list holds item 0": _list(item_ids="'{0}'"),
    "list holds null": _list(item_ids="'{1,NULL}'"),
    "list too long": _list(item_ids="array_fill(1::bigint, '{501}')"),
    "propensity NaN": _list(propensities="'{NaN}'"),
    "propensity null": _list(propensities="'{NULL}'"),
    "propensities too few": _list(propensities="'{}'"),
    "algorithm with a space": _list(algorithm="'the best'"),
    "release with a path": _list(release="'../x'"),
    "release hash cut off": _insert("releases", version="'a'", manifest_sha256="'abc'"),
    "release metrics a list": _insert("releases", version="'a'", manifest_sha256="repeat('a', 64)", metrics="'[]'"),
    "deployment action unknown": _insert("deployments", version="'a'", action="'hope'", reason="'x'"),
    "deployment without reason": _insert("deployments", version="'a'", action="'publish'", reason="''"),
    "decision unknown": _insert("release_decisions", version="'a'", outcome="'perhaps'"),
    "refused for nothing": _insert("release_decisions", outcome="'refused'"),
    "accepted for a reason": _insert("release_decisions", version="'a'", outcome="'accepted'", reasons="'[1]'"),
    "accepted without a version": _insert("release_decisions", outcome="'accepted'"),
    "reasons no list": _insert("release_decisions", version="'a'", outcome="'accepted'", reasons="'{}'"),
}


@pytest.mark.parametrize("statement", BAD.values(), ids=BAD.keys())
def test_a_bad_row_is_refused(connection: psycopg.Connection, statement: bytes) -> None:
    with pytest.raises((psycopg.IntegrityError, psycopg.DataError)) as caught:
        connection.execute(statement)
    assert not isinstance(caught.value, psycopg.errors.UniqueViolation)


def test_names_and_source_ids_are_unique(connection: psycopg.Connection) -> None:
    connection.execute(_user(external_id="'a'"))
    with connection.transaction(force_rollback=True), pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(_user(user_id="3", external_id="'a'"))
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(_category("'Books'"))


GOOD = [
    _user(age="13", gender="'female'", country="'DE'", external_id="'a'"),
    _insert("user_preferences", user_id="1", category_id="1", preference="0"),
    _item(price="0", quality="5", tags="'{}'", available_from="'2026-01-01'", available_until="'2026-01-02'"),
    _item(tags="'{a,b}'", description="'long'", brand="'b'", available_until="'2026-01-02'"),
    _event(type="'rating'", value="0.5", recommendation_id=UUID),
    _list(propensities="'{0.5}'", release="'20260101-1'"),
    _list(user_id="99", item_ids="'{}'"),
    _insert("releases", version="'a'", manifest_sha256="repeat('a', 64)"),
    _insert("deployments", version="'a'", action="'publish'", reason="'first'"),
    _insert("release_decisions", version="'a'", outcome="'accepted'"),
    _insert("release_decisions", champion="'a'", outcome="'refused'", reasons="'[1]'"),
]


@pytest.mark.parametrize("statement", GOOD)
def test_a_good_row_is_taken(connection: psycopg.Connection, statement: bytes) -> None:
    assert connection.execute(statement).rowcount == 1


@pytest.mark.parametrize(
    "statement", [b"DELETE FROM deployments", b"UPDATE deployments SET reason = 'y'", b"TRUNCATE deployments"]
)
def test_deployments_are_append_only(connection: psycopg.Connection, statement: bytes) -> None:
    connection.execute(_insert("deployments", version="'a'", action="'publish'", reason="'x'"))
    with pytest.raises(psycopg.Error, match="append-only"):
        connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        b"DELETE FROM release_decisions",
        b"UPDATE release_decisions SET outcome = 'accepted'",
        b"TRUNCATE release_decisions",
    ],
)
def test_decisions_are_append_only(connection: psycopg.Connection, statement: bytes) -> None:
    connection.execute(_insert("release_decisions", version="'a'", outcome="'accepted'"))
    with pytest.raises(psycopg.Error, match="append-only"):
        connection.execute(statement)


def _revisions(connection: psycopg.Connection) -> dict[int, int]:
    return dict(connection.execute("SELECT item_id, revision FROM items").fetchall())


def test_every_write_of_an_item_moves_its_revision(connection: psycopg.Connection) -> None:
    before = _revisions(connection)
    connection.execute("UPDATE items SET price = 1, revision = 1")
    connection.execute("INSERT INTO items (item_id, title) VALUES (2, 'Emma')")
    after = _revisions(connection)
    assert before[1] < after[1] < after[2]


def test_a_renamed_category_moves_its_items_and_is_found(connection: psycopg.Connection) -> None:
    before = _revisions(connection)
    connection.execute("UPDATE categories SET name = 'Novels'")
    assert _revisions(connection)[1] > before[1]
    found = connection.execute("SELECT item_id FROM items WHERE search_text @@ to_tsquery('english', 'novel')")
    assert found.fetchall() == [(1,)]


@pytest.mark.parametrize("statement", [b"DELETE FROM items", b"TRUNCATE items CASCADE"])
def test_removed_items_leave_a_reset(connection: psycopg.Connection, statement: bytes) -> None:
    before = max(_revisions(connection).values())
    connection.execute(statement)
    assert connection.execute("SELECT revision > %s FROM catalogue_resets", (before,)).fetchall() == [(True,)]


def test_revisions_become_visible_in_their_order(database_url: str) -> None:
    """A second writer draws no revision before the first has committed, so no reader can see the later one alone."""
    drawn = threading.Event()

    def write() -> None:
        with psycopg.connect(database_url) as second:
            second.execute("INSERT INTO items (item_id, title) VALUES (3, 'Second')")
            drawn.set()

    with psycopg.connect(database_url) as first, psycopg.connect(database_url, autocommit=True) as reader:
        first.execute("INSERT INTO items (item_id, title) VALUES (2, 'First')")
        thread = threading.Thread(target=write)
        thread.start()
        assert not drawn.wait(0.3)
        assert _revisions(reader) == {}
        first.commit()
        thread.join(10)
        revisions = _revisions(reader)
    assert revisions[2] < revisions[3]


@pytest.mark.parametrize(
    "statement",
    [
        b"DELETE FROM erasures",
        b"UPDATE erasures SET removed = '{}'",
        b"DELETE FROM tombstones",
        b"UPDATE tombstones SET revision = 9",
    ],
)
def test_erasures_are_append_only(connection: psycopg.Connection, statement: bytes) -> None:
    connection.execute("INSERT INTO tombstones (hash) VALUES (sha256('somebody'))")
    connection.execute("INSERT INTO erasures VALUES (%s, sha256('somebody'), now(), '{}')", (UUID.strip("'"),))
    with pytest.raises(psycopg.Error, match="append-only"):
        connection.execute(statement)
