"""The inventory of targets: a module each in ``targets``, and the inputs that they begin with.

A module has ``target(data)``, which returns, or raises what no input may make it raise, and
``SEEDS``, or ``seeds()`` where they are made.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

_HERE = Path(__file__).parent
CORPUS = _HERE / "corpus"
"""Inputs that once failed, in a directory for each target."""
TARGETS = sorted(path.stem for path in (_HERE / "targets").glob("*.py"))


def load(name: str) -> ModuleType:
    """The target's module."""
    return import_module(f"tests.fuzz.targets.{name}")


def seeds_of(module: ModuleType) -> tuple[bytes, ...]:
    """What to begin with."""
    return tuple(module.seeds() if hasattr(module, "seeds") else module.SEEDS)
