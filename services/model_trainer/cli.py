"""`python -m model_trainer`: train once, or on a schedule."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from model_trainer.benchmark.cli import benchmark
from model_trainer.exits import Exit
from model_trainer.schedule import Schedule, parse_interval, run_training
from model_trainer.state import ServerState
from recsys import logs
from recsys.adapters.clock import SystemClock
from recsys.adapters.job_runs import Job, recorded
from recsys.domain import Algorithm
from recsys.errors import Conflict, RecstackError
from recsys.settings import Settings
from recsys.telemetry import TRAINER, TRAINING_INTERVAL, failures_at_zero

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Learn from the interactions, publish releases.")


app.command()(benchmark)


@app.command()
def train(
    extra: Annotated[
        list[Algorithm] | None,
        typer.Option("--with", help="Beside the usual algorithms; may be repeated.  [default: RECSTACK_TRAIN_WITH]"),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds to search for better settings.  [default: RECSTACK_TRAINING_BUDGET, or 0]"),
    ] = None,
) -> None:
    """Take a snapshot, fit every algorithm, judge them, publish the release.

    Exit status: 0 published, 1 a server is away or another error, 2 the data cannot be used, 3 another training runs,
    4 the release is not fit to be published, with one sentence for each reason.
    """
    settings, progress = Settings.load(), Console(stderr=True, highlight=False)
    started = time.perf_counter()
    with _one_sentence(progress):
        from threadpoolctl import threadpool_limits

        from model_trainer.figures import details
        from model_trainer.pipeline import Training
        from model_trainer.plan import Plan
        from model_trainer.report import show
        from model_trainer.steps import Steps

        steps = Steps(progress)
        # One thread for products: on a busy machine threads that wait for each other take several times as long.
        one_thread = threadpool_limits(1, "blas")
        with one_thread, recorded(settings.database_url, Job.MODEL_TRAINER, unless=(Conflict,)) as record:
            plan = Plan(budget=settings.training_budget if budget is None else budget)
            trained = Training(settings, steps, SystemClock(), extra or settings.train_with, plan).train()
            record.update(details(trained, steps.done))
        show(trained, Console(highlight=False), time.perf_counter() - started)


@app.command()
def schedule(
    every: Annotated[str, typer.Option(help="How often: 90s, 30m, 6h, 1d.")] = "6h",
) -> None:
    """Train whenever the time has come and there are new events; at once only where nothing is live yet."""
    settings, progress = Settings.load(), Console(stderr=True, highlight=False)
    try:
        seconds = parse_interval(every)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--every") from None
    logs.configure(settings)
    with _one_sentence(progress):
        _serve_metrics(settings, progress)
        TRAINING_INTERVAL.set(seconds)
        Schedule(seconds, ServerState(settings), run_training, SystemClock()).forever()


def _serve_metrics(settings: Settings, progress: Console) -> None:
    from prometheus_client import start_http_server

    from model_trainer.figures import Figures

    failures_at_zero()
    Figures(settings.database_url).start()
    try:
        start_http_server(settings.trainer_metrics_port, addr=settings.api_host, registry=TRAINER)
    except OSError as error:
        port = settings.trainer_metrics_port
        progress.print(f"No metrics on port {port}: {error}. Set TRAINER_METRICS_PORT to another.", soft_wrap=True)


@contextmanager
def _one_sentence(progress: Console) -> Iterator[None]:
    """An error that we know ends the program with its sentence; SIGTERM ends it like Ctrl-C, with its tidying."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    except RecstackError as error:
        progress.print(error.detail, style="red", soft_wrap=True, markup=False)
        raise typer.Exit(Exit.of(error)) from None
    except OSError as error:
        progress.print(f"Nothing was published: {error}", style="red", soft_wrap=True, markup=False)
        raise typer.Exit(Exit.FAILED) from None
    except KeyboardInterrupt:
        progress.print("Stopped; what is live stays live.")
        raise typer.Exit(128 + signal.SIGINT) from None


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise KeyboardInterrupt


def main() -> None:
    app(prog_name="python -m model_trainer")
