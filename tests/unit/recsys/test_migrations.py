from __future__ import annotations

from pathlib import Path

import pytest

from recsys import migrations
from recsys.errors import DataRefused, Unavailable


def _folder(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).write_text("SELECT 1;\n", encoding="utf-8")
    return path


def test_files_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    found = migrations.read_migrations(_folder(tmp_path, "0002_b.sql", "0001_a.sql", "0003_c.sql"))
    assert [migration.name for migration in found] == ["0001_a.sql", "0002_b.sql", "0003_c.sql"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ((), "There are no migrations"),
        (("0001_a.sql", "0003_c.sql"), "0002 is missing before 0003_c.sql"),
        (("0002_b.sql",), "0001 is missing before 0002_b.sql"),
        (("0001_a.sql", "0001_b.sql"), "Two migrations have the number 0001"),
        (("0001_a.sql", "add_column.sql"), "add_column.sql is not named like"),
        (("0001_A.sql",), "0001_A.sql is not named like"),
    ],
)
def test_names_that_are_off_are_refused(tmp_path: Path, names: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(DataRefused, match=sentence):
        migrations.read_migrations(_folder(tmp_path, *names))


def test_line_ends_do_not_change_the_checksum(tmp_path: Path) -> None:
    _folder(tmp_path, "0001_a.sql")
    before = migrations.read_migrations(tmp_path)[0].sha256
    (tmp_path / "0001_a.sql").write_bytes(b"SELECT 1;\r\n")
    assert migrations.read_migrations(tmp_path)[0].sha256 == before


def test_the_product_s_own_files_are_sound() -> None:
    assert migrations.read_migrations()[0].name == "0001_initial_schema.sql"


@pytest.mark.parametrize("url", ["no url at all", "postgresql://%zz@x/y", "mysql://a/b"])
def test_a_url_that_cannot_be_used_is_named_and_not_shown(url: str) -> None:
    with pytest.raises(DataRefused, match="RECSTACK_DATABASE_URL") as caught:
        migrations.migrate(url)
    assert url not in str(caught.value)


def test_a_server_that_does_not_answer_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("RECSTACK_DATABASE_URL", f"postgresql://someone:hunter2@/nothing?host={tmp_path}")
    assert migrations.main([]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("PostgreSQL does not answer")
    assert printed.count("\n") == 1
    assert "hunter2" not in printed


def test_an_absent_server_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        migrations.status(f"postgresql:///nothing?host={tmp_path}")
    assert caught.value.dependency == "postgres"
