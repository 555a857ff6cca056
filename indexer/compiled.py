"""Functions as machine code that runs without the interpreter's lock.

Everything else in Python is an array operation; what none of those can say in one pass over its
input is a loop, and a loop over postings has to be compiled. What is compiled is kept on disk: the
first process that needs a function pays for it, once.
"""

from __future__ import annotations

import os
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

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
    name = f"compiled-{_sources_digest()}"
    try:
        (home / name).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home / name):
            pass
    except OSError:
        home = Path(tempfile.gettempdir()) / f"searchsvc-{os.getuid()}"
    os.environ[_DIRECTORY_VARIABLE] = str(home / name)


def _sources_digest() -> str:
    """What the sources with compiled functions are known by, 16 hexadecimal digits.

    The compiler looks for changes of the file that a function is in, and not of those with the
    functions that it calls: after an upgrade, what is called could be the old one.
    """
    digest = blake2b(digest_size=8)
    package = Path(__file__).parent
    for root in (package, package.parent / "searchsvc"):
        for path in sorted(root.rglob("*.py")):
            source = path.read_bytes()
            if b"indexer.compiled" in source:
                digest.update(source)
    return digest.hexdigest()


_choose_cache_directory()

import numba  # noqa: E402 - it reads the variable when it is imported
from llvmlite import ir  # noqa: E402 - comes with the compiler
from numba.core import cgutils, types  # noqa: E402
from numba.extending import intrinsic  # noqa: E402

_element: Any = cgutils.get_item_pointer
_function: Any = cgutils.get_or_insert_function


def compiled(function: _Function) -> _Function:
    """`function` as machine code, compiled at its first call and kept for other processes.

    It sees arrays and numbers only, raises nothing and releases the interpreter's lock while it
    runs. Arrays may be read-only maps; each combination of types that it is called with is
    compiled, so that callers should always pass the same.
    """
    return numba.njit(function, cache=True, nogil=True, error_model="numpy")  # type: ignore[no-any-return]


def _prefetch(_typing: Any, array: Any, _row: Any, _column: Any) -> Any:  # noqa: ANN401 - the compiler's
    signature = types.void(array, types.intp, types.intp)

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        made = context.make_array(array)(context, builder, arguments[0])
        place = _element(context, builder, array, made, list(arguments[1:]))
        number, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
        declared = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        hint = _function(builder.module, declared, "llvm.prefetch.p0")
        # Read, not written; needed more than once; data, not instructions.
        modes = [ir.Constant(number, mode) for mode in (0, 3, 1)]
        builder.call(hint, [builder.bitcast(place, pointer), *modes])
        return context.get_dummy_value()

    return signature, generate


prefetch: Any = intrinsic(_prefetch)
"""``prefetch(array, row, column)``: have those bytes on their way while other work is done.

For compiled functions that read rows here and there: one that nobody asked for in time costs a
hundred nanoseconds. It reads nothing and changes nothing, whatever the place.
"""
