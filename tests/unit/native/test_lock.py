from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from native.errors import CannotStart
from native.lock import only_one

HOLDER = """
import sys, time
from pathlib import Path
from native.lock import only_one
with only_one(Path(sys.argv[1])):
    print("mine", flush=True)
    time.sleep(60)
"""


def test_a_second_one_is_told_to_wait_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "mine\n"
        with pytest.raises(CannotStart, match="Another"), only_one(tmp_path):
            pass
        holder.kill()
    with only_one(tmp_path):
        pass
