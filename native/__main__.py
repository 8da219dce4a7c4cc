"""`python -m native up | down | status | reset`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from native.errors import CannotStart

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
NoJupyter = Annotated[bool, typer.Option("--no-jupyter", help="Leave Jupyter out.")]


@app.command()
def up(no_jupyter: NoJupyter = False) -> None:
    """Start what is not running; returns when everything answers."""
    from native.up import up as start

    raise typer.Exit(start(Console(), with_jupyter=not no_jupyter))


@app.command("stop", hidden=True)
@app.command()
def down() -> None:
    """End everything that was started."""
    from native.down import down as end

    raise typer.Exit(end(Console()))


@app.command()
def status() -> None:
    """What runs, and whether it answers (0: all of it, 1: not all, 3: nothing runs)."""
    from native.status import status as tell

    raise typer.Exit(tell(Console()))


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """End everything and drop the data."""
    from native.down import down as end

    if not yes and sys.stdin.isatty():
        typer.confirm("Drop the database, the releases and everything that MLflow holds?", abort=True)
    raise typer.Exit(end(Console(), drop_data=True))


@app.command(hidden=True)
def supervise(front: int = 0, no_jupyter: NoJupyter = False) -> None:
    """The detached supervisor; `up` starts it."""
    from native.up import supervise as keep

    raise typer.Exit(keep(with_jupyter=not no_jupyter, front=front))


def main() -> int:
    try:
        return int(app(standalone_mode=False) or 0)
    except CannotStart as reason:
        sys.stderr.write(f"✗ {reason}\n")
        return 1
    except typer.Abort:
        return 1
    except typer.TyperException as error:
        sys.stderr.write(f"✗ {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
