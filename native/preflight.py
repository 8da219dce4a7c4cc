"""What can be known before anything is started: ports, disk, folders."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from native import ports
from native.errors import CannotStart
from native.places import make_folder
from native.steps import Service

NEEDED_BYTES = 1_500_000_000


def check_disk(folder: Path, needed: int = NEEDED_BYTES) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise CannotStart(
            f"The disk is nearly full: {free / 1e9:.1f} GB are free below {folder}, data and models need "
            f"{needed / 1e9:.1f} GB; make room or set RECSTACK_STATE_DIR to another disk."
        )


def check_ports(services: Sequence[Service]) -> None:
    """Raises `CannotStart` naming the port, who has it, and the variable that moves ours."""
    with_port = [service for service in services if service.port is not None]
    counted = Counter(service.port for service in with_port)
    for service in with_port:
        port = service.port or 0
        if counted[port] > 1:
            raise CannotStart(
                f"Two services want port {port}: give {service.name} another one ({service.port_variable} in .env)."
            )
        if not ports.is_free(port):
            taker = ports.owner(port) or "another program"
            raise CannotStart(
                f"Port {port}, which {service.name} needs, is taken by {taker}: end that, or set "
                f"{service.port_variable} in .env to a free port."
            )


def check(services: Sequence[Service], *folders: Path) -> None:
    """Raises `CannotStart` with the first thing that is in the way."""
    for folder in folders:
        make_folder(folder)
    check_disk(folders[0])
    check_ports(services)
