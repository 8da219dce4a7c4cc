"""`python -m data_generator simulate …`"""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from data_generator.simulate.client import Client
from data_generator.simulate.menu import Menu
from data_generator.simulate.opening import check_truth, open_menu
from data_generator.simulate.people import DEFAULT_USERS, People
from data_generator.simulate.progress import print_summary, watching
from data_generator.simulate.tally import Tally
from data_generator.simulate.traffic import Traffic
from data_generator.simulate.visitor import Site
from data_generator.truth import FILE_NAME, Truth, read_truth
from recsys import logs
from recsys.domain import MAX_ID
from recsys.errors import DataRefused
from recsys.settings import Settings

UNUSABLE = 2
MIN_RATE, MAX_RATE = 0.01, 1_000.0
DEFAULT_RATE = 5.0


@dataclass(frozen=True, slots=True)
class _Order:
    """What the flags said."""

    rate: float
    users: int | None
    seed: int | None
    duration: float | None
    url: str
    key: str | None


def simulate(
    *,
    rate: Annotated[float, typer.Option("--rate", help="Actions a second; an action is one call.")] = DEFAULT_RATE,
    users: Annotated[
        int | None,
        typer.Option("--users", help="How many of the population take part.", show_default=f"{DEFAULT_USERS} or all"),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="INTEGER", help="Who comes and what they choose.", show_default="any"),
    ] = None,
    duration: Annotated[
        float | None, typer.Option("--duration", metavar="SECONDS", help="When to end.", show_default="Ctrl-C")
    ] = None,
    api: Annotated[
        str | None,
        typer.Option("--api", metavar="URL", help="The API.", show_default="RECSTACK_API_URL, or here at API_PORT"),
    ] = None,
) -> None:
    """Let users of the generated population use the running API, by their true tastes, from now on."""
    settings = Settings.load()
    logs.configure(settings)
    key = settings.api_key.get_secret_value() if settings.api_key else None
    order = _Order(rate, users, seed, duration, api or settings.api_url, key)
    try:
        _refuse_nonsense(order)
        truth = read_truth(settings.state_dir / FILE_NAME)
        asyncio.run(_simulate(order, truth))
    except DataRefused as refused:
        typer.echo(refused.detail, err=True)
        raise typer.Exit(UNUSABLE) from None


def _refuse_nonsense(order: _Order) -> None:
    if not MIN_RATE <= order.rate <= MAX_RATE:
        raise DataRefused(f"--rate {order.rate:g} is out of range: {MIN_RATE:g} to {MAX_RATE:,.0f} actions a second.")
    if order.duration is not None and not 0 < order.duration < float("inf"):
        raise DataRefused(f"--duration {order.duration:g} is no number of seconds above 0.")
    if order.seed is not None and not 0 <= order.seed <= MAX_ID:
        raise DataRefused(f"--seed {order.seed} is out of range: 0 to {MAX_ID:,}.")


async def _simulate(order: _Order, truth: Truth) -> None:
    tally, seeds = Tally(), np.random.SeedSequence(order.seed)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    rng = np.random.default_rng(seeds.spawn(1)[0])
    people = People(rng, truth, order.users)
    menu = await _open(order, truth, rng)
    client = Client(order.url, order.key, tally)
    try:
        began = time.monotonic()
        with watching(tally, Console(stderr=True)) as watch:
            site = Site(client, menu, truth, people, tally)
            await Traffic(site, order.rate, seeds, watch).run(stop, order.duration)
        print_summary(tally, time.monotonic() - began, Console())
    finally:
        await client.aclose()


async def _open(order: _Order, truth: Truth, rng: np.random.Generator) -> Menu:
    """What is asked before the first visitor counts nowhere."""
    client = Client(order.url, order.key, Tally())
    try:
        menu = await open_menu(client)
        await check_truth(client, truth, rng)
    finally:
        await client.aclose()
    return menu
