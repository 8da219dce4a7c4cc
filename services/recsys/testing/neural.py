"""Short fits of neural models in tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.algorithms.ncf import Ncf
from recsys.errors import DataRefused


def prepare(folder: Path) -> None:
    """Skip where the libraries are missing; compile quickly, and keep what was compiled in `folder`, so that every
    later fit of the same shapes takes it from there.
    """
    try:
        Ncf.ensure_fittable()
    except DataRefused as missing:
        pytest.skip(missing.detail)
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
