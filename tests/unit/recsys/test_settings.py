from __future__ import annotations

import pytest

from recsys.domain import Algorithm
from recsys.settings import Settings

VARIABLES = ["RECSTACK_DATABASE_URL", "RECSTACK_REDIS_URL", "RECSTACK_MLFLOW_URL"]


@pytest.mark.parametrize(
    ("variable", "url", "words"),
    [
        *((variable, "mysql://root:hunter2@db/x", "It begins with mysql://, not with ") for variable in VARIABLES),
        *((variable, "hunter2", "It begins with no scheme, not with ") for variable in VARIABLES),
        ("RECSTACK_DATABASE_URL", "postgresql://[hunter2/x", "It is not a postgresql:// URL that can be used."),
        ("RECSTACK_DATABASE_URL", "postgresql://db/x?hunter2=1", "It is not a postgresql:// URL that can be used."),
        ("RECSTACK_REDIS_URL", "redis://cache:hunter2/0", "It is not a redis:// URL that can be used."),
        ("RECSTACK_REDIS_URL", "redis://[hunter2", "It is not a redis:// URL that can be used."),
        ("RECSTACK_MLFLOW_URL", "https://mlflow:hunter2", "It is not a https:// URL that can be used."),
        ("RECSTACK_MLFLOW_URL", "http:///hunter2", "It is not a http:// URL that can be used."),
        ("RECSTACK_API_URL", "memory://hunter2", "It begins with memory://, not with http:// or https://."),
    ],
)
def test_a_url_that_nothing_serves_ends_with_a_sentence_that_does_not_show_it(
    variable: str, url: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, url)
    with pytest.raises(SystemExit) as ended:
        Settings.load()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{variable}: {words}")
    assert said.endswith("Mend it in .env or the environment.\n")
    assert said.count("\n") == 1
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("RECSTACK_DATABASE_URL", "postgresql://me@one:5432,two:5433/x?target_session_attrs=read-write"),
        ("RECSTACK_DATABASE_URL", "postgres:///x?host=/run/postgresql"),
        ("RECSTACK_REDIS_URL", "rediss://cache:6380/1"),
        ("RECSTACK_REDIS_URL", "unix:///run/redis.sock"),
        ("RECSTACK_REDIS_URL", "redis:///1"),
        ("RECSTACK_MLFLOW_URL", "https://mlflow.example"),
        ("RECSTACK_API_URL", "http://recommendation-api:8000"),
        *((variable, "memory://") for variable in VARIABLES),
    ],
)
def test_a_url_of_a_known_scheme_is_taken_as_it_is(variable: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, url)
    assert url in {getattr(Settings.load(), name) for name in ("database_url", "redis_url", "mlflow_url", "api_url")}


@pytest.mark.parametrize(
    ("text", "names"), [("", ()), ("ncf", (Algorithm.NCF,)), ("ease, ncf", (Algorithm.EASE, Algorithm.NCF))]
)
def test_algorithms_are_named_with_commas_between(
    text: str, names: tuple[Algorithm, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSTACK_TRAIN_WITH", text)
    assert Settings.load().train_with == names


def test_an_algorithm_that_there_is_not_ends_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RECSTACK_TRAIN_WITH", "magic")
    with pytest.raises(SystemExit):
        Settings.load()
    assert capsys.readouterr().err.startswith("RECSTACK_TRAIN_WITH.0: Input should be ")
