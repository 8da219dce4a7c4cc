"""Arrays on disk: plain `.npy` files that any process maps read-only and shares through the page cache."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


def save_array(folder: Path, name: str, array: NDArray[Any]) -> None:
    """In the order in which it lies in memory, row by row or column by column."""
    np.save(folder / f"{name}.npy", np.asarray(array, order="A"), allow_pickle=False)


def load_array(folder: Path, name: str) -> NDArray[Any]:
    """Memory-mapped read-only (an empty array cannot be mapped and is read)."""
    path = folder / f"{name}.npy"
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
    except ValueError:
        return np.load(path, allow_pickle=False)  # type: ignore[no-any-return]


def save_csr(folder: Path, name: str, matrix: sparse.csr_array) -> None:
    save_array(folder, f"{name}.indptr", matrix.indptr)
    save_array(folder, f"{name}.indices", matrix.indices)
    save_array(folder, f"{name}.data", matrix.data)
    save_array(folder, f"{name}.shape", np.array(matrix.shape, np.int64))


def load_csr(folder: Path, name: str) -> sparse.csr_array:
    """A CSR array over memory-mapped parts, indices as saved."""
    rows, columns = (int(size) for size in load_array(folder, f"{name}.shape"))
    parts = tuple(load_array(folder, f"{name}.{part}") for part in ("data", "indices", "indptr"))
    return sparse.csr_array(parts, shape=(rows, columns), copy=False)


def save_json(folder: Path, name: str, value: Any) -> None:
    (folder / f"{name}.json").write_text(
        json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8"
    )


def load_json(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
