from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from model_trainer import cli
from model_trainer.cli import app
from recsys.errors import Unavailable


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("every", ["often", "0", "-6h"])
def test_a_wrong_interval_is_named(every: str) -> None:
    result = CliRunner().invoke(app, ["schedule", f"--every={every}"])
    assert result.exit_code == 2
    assert "no interval" in result.output
    assert "--every" in result.output


def test_an_unknown_algorithm_is_named() -> None:
    result = CliRunner().invoke(app, ["train", "--with", "astrology"])
    assert result.exit_code == 2
    assert "astrology" in result.output


@pytest.mark.parametrize(("flags", "variable"), [(["--with", "ncf"], ""), ([], "ncf")])
def test_what_cannot_be_fitted_here_is_refused_before_anything_is_opened(
    monkeypatch: pytest.MonkeyPatch, flags: list[str], variable: str
) -> None:
    monkeypatch.setattr("recsys.algorithms.base.find_spec", lambda _: None)
    monkeypatch.setenv("RECSTACK_TRAIN_WITH", variable)
    result = CliRunner().invoke(app, ["train", *flags])
    assert result.exit_code == 2
    assert result.output.startswith("ncf is trained by keras and jax, which are not installed here: ./setup.sh install")
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (Unavailable("MLflow is away [really]", dependency="mlflow"), 1, "MLflow is away [really]"),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (KeyboardInterrupt(), 130, "what is live stays live"),
    ],
)
def test_an_error_ends_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, words: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("model_trainer.pipeline.Training.train", fail)
    result = CliRunner().invoke(app, ["train"])
    assert result.exit_code == status
    assert words in result.output
    assert "Traceback" not in result.output


def test_termination_is_an_interruption() -> None:
    with pytest.raises(KeyboardInterrupt):
        cli._stop(signal.SIGTERM, None)
