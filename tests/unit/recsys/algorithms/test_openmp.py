from __future__ import annotations

import subprocess
import sys
import textwrap

from recsys.algorithms.openmp import renamed


def test_only_the_name_changes() -> None:
    library = b"\x7fELF\0libgomp-e985bcbb.so.1.0.0\0rest"
    changed = renamed(library, "libgomp-e985bcbb.so.1.0.0")
    assert len(changed) == len(library)
    assert changed == b"\x7fELF\0libgomp.so.1" + b"\0" * 14 + b"rest"


def test_the_carried_library_serves_where_the_system_has_none() -> None:
    program = """
        import ctypes
        from pathlib import Path
        from recsys.algorithms import openmp

        system = ctypes.CDLL
        def without_openmp(name, **options):
            if name == openmp.WANTED:
                raise OSError(name)
            return system(name, **options)
        ctypes.CDLL = without_openmp
        assert openmp.ensure_openmp()
        assert "recstack-openmp-" in Path("/proc/self/maps").read_text()
        assert system(openmp.WANTED).omp_get_max_threads() >= 1
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], env={"PYTHONPATH": "services"}, timeout=60, check=False
    )
    assert done.returncode == 0
