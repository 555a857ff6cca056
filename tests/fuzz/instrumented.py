"""One target under libFuzzer, with the project's modules instrumented to tell what they reach."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

from tests.fuzz.inventory import load

_PACKAGES = ("indexer", "searchsvc")


def main() -> None:
    """Fuzz the target that the first argument names; the rest is libFuzzer's."""
    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=[*_PACKAGES], exclude=_compiled_modules()):
        target = load(name).target
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


def _compiled_modules() -> list[str]:
    """Modules whose functions become machine code, which must be made of what they say."""
    return [
        ".".join(path.with_suffix("").parts)
        for package in _PACKAGES
        for path in Path(package).rglob("*.py")
        if "@compiled" in path.read_text()
    ]


if __name__ == "__main__":
    main()
