from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from native import ports, preflight
from native.errors import CannotStart
from native.steps import Service


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def _service(name: str, port: int) -> Service:
    return Service(name, (), lambda: True, port=port, port_variable=f"{name.upper()}_PORT")


def test_a_full_disk_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**12, 10**12, 10**8))
    with pytest.raises(CannotStart, match=r"0\.1 GB are free below .* RECSTACK_STATE_DIR"):
        preflight.check_disk(tmp_path)


def test_one_port_for_two_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda _: True)
    preflight.check_ports([_service("api", 8000), _service("mlflow", 5000)])
    with pytest.raises(CannotStart, match=r"Two services want port 8000: .*API_PORT"):
        preflight.check_ports([_service("api", 8000), _service("mlflow", 8000)])


@pytest.mark.parametrize(
    ("taker", "said"), [("nginx, process 7", "taken by nginx, process 7"), ("", "another program")]
)
def test_a_taken_port_names_who_and_the_variable(monkeypatch: pytest.MonkeyPatch, taker: str, said: str) -> None:
    monkeypatch.setattr(ports, "is_free", lambda _: False)
    monkeypatch.setattr(ports, "owner", lambda _: taker)
    with pytest.raises(
        CannotStart, match=rf"Port 8000, which api needs, is {'' if taker else 'taken by '}{said}.*API_PORT"
    ):
        preflight.check_ports([_service("api", 8000)])
