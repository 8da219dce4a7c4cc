"""What runs and whether it answers."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from native import figures, journal, topology
from native.configuration import Configuration
from native.journal import State
from native.steps import Service

NOT_RUNNING = 3


def status(console: Console) -> int:
    """0: everything answers, 1: something does not, 3: nothing runs."""
    configuration = Configuration.load()
    state = journal.read(configuration.state_file)
    if not state or not state.is_alive:
        console.print("RecStack is not running; ./setup.sh starts it.")
        return NOT_RUNNING
    services = topology.services(topology.steps(configuration, with_jupyter=state.jupyter))
    answers = {service.name: service.name in state.processes and service.is_ready() for service in services}
    console.print(_table(services, state, answers), soft_wrap=True)
    if "prometheus" not in answers:
        console.print("\nPrometheus is not installed here: the API's own figures since it started.")
        console.print(figures.table(figures.read(configuration.api_port)))
    return 0 if all(answers.values()) else 1


def _table(services: list[Service], state: State, answers: dict[str, bool]) -> Table:
    table = Table("", "service", "process", "restarts", box=None, padding=(0, 2))
    table.add_column("address", overflow="fold")
    for service in services:
        record = state.processes.get(service.name)
        table.add_row(
            "[green]✓[/]" if answers[service.name] else "[red]✗[/]",
            service.name,
            str(record.pid) if record else "",
            str(record.restarts) if record else "",
            service.address,
        )
    return table
