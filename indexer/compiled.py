"""Functions as machine code that runs without the interpreter's lock.

Everything else in Python is an array operation; what none of those can say in one pass over its
input is a loop, and a loop over postings has to be compiled. What is compiled is kept on disk: the
first process that needs a function pays for it, once.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Function = TypeVar("_Function", bound="Callable[..., object]")
_DIRECTORY_VARIABLE = "NUMBA_CACHE_DIR"


def _choose_cache_directory() -> None:
    """Have machine code kept where this process may write, before the compiler asks.

    It would rather fail than compile what it cannot keep, as in a container with a read-only root.
    """
    if _DIRECTORY_VARIABLE in os.environ:
        return
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "searchsvc"
    try:
        (home / "compiled").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home / "compiled"):
            pass
    except OSError:
        home = Path(tempfile.gettempdir()) / f"searchsvc-{os.getuid()}"
    os.environ[_DIRECTORY_VARIABLE] = str(home / "compiled")


_choose_cache_directory()

import numba  # noqa: E402 - it reads the variable when it is imported


def compiled(function: _Function) -> _Function:
    """`function` as machine code, compiled at its first call and kept for other processes.

    It sees arrays and numbers only, raises nothing and releases the interpreter's lock while it
    runs. Arrays may be read-only maps; each combination of types that it is called with is
    compiled, so that callers should always pass the same.
    """
    return numba.njit(function, cache=True, nogil=True, error_model="numpy")  # type: ignore[no-any-return]
