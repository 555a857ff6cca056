"""Checks of the program: Python, packages, native libraries, its cache and its settings."""

from __future__ import annotations

import os
import sys
import tempfile
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from searchsvc.configuration.file import similar
from searchsvc.configuration.origins import exposed_secrets, unknown_variables
from searchsvc.doctor.finding import failure, ok, warning
from searchsvc.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from searchsvc.doctor.finding import Patient, Said

PACKAGE = "searchsvc"
NATIVE = ("onnxruntime", "faiss", "numba", "numpy", "tokenizers")
_CACHE_VARIABLE = "NUMBA_CACHE_DIR"
_INSTALL = "install what requirements/default.lock names: 'make install', or the container image"


def python(_: Patient) -> Iterator[Said]:
    """Whether this is a Python that the package is for."""
    found = ".".join(map(str, sys.version_info[:3]))
    wanted = metadata.metadata(PACKAGE)["Requires-Python"]
    if SpecifierSet(wanted).contains(found):
        yield ok(f"{found}, {sys.executable}")
    else:
        yield failure(f"Python {found}, expected {wanted}", "install with such a Python")


def packages(_: Patient) -> Iterator[Said]:
    """Whether the installed versions are those that are declared."""
    wrong = 0
    declared = [Requirement(text) for text in metadata.requires(PACKAGE) or []]
    needed = [it for it in declared if it.marker is None or it.marker.evaluate({"extra": ""})]
    for requirement in needed:
        try:
            found = metadata.version(requirement.name)
        except (metadata.PackageNotFoundError, InvalidRequirement):
            wrong += 1
            yield failure(f"{requirement} is not installed", _INSTALL)
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            wrong += 1
            yield failure(f"{requirement.name} {found}, expected {requirement}", _INSTALL)
    if not wrong:
        yield ok(f"{len(needed)} packages as declared, {PACKAGE} {metadata.version(PACKAGE)}")


def native(_: Patient) -> Iterator[Said]:
    """Whether the libraries in machine code can be loaded on this machine."""
    for name in NATIVE:
        try:
            import_module(name)
        except Exception as error:  # noqa: BLE001 - whatever a foreign library raises
            yield failure(
                f"{name} cannot be loaded ({type(error).__name__}: {error})",
                f"{_INSTALL}; a machine without AVX2 or with musl needs another one",
            )
            return
    yield ok(f"{', '.join(NATIVE)} can be loaded")


def compiled(_: Patient) -> Iterator[Said]:
    """Whether machine code that was compiled is kept for the next start."""
    path = Path(os.environ.get(_CACHE_VARIABLE, ""))
    if path.is_relative_to(tempfile.gettempdir()):
        yield warning(
            f"compiled code is kept in {path}, which a restart of the machine empties: the next "
            "start compiles for half a minute",
            "set XDG_CACHE_HOME to a directory that the service's user may write and that stays",
        )
        return
    existing = next(it for it in (path, *path.parents) if it.exists())
    if os.access(existing, os.W_OK):
        yield ok(f"compiled code is kept in {path}")
    else:
        yield failure(
            f"{path} cannot be written, and compiled code is kept there",
            f"make it writable for user {os.geteuid()}, or unset {_CACHE_VARIABLE}",
        )


def configuration(_: Patient) -> Iterator[Said]:
    """Whether secrets are exposed, and whether variables mean what they seem to."""
    fields = Settings.model_fields
    clean = True
    for exposed in exposed_secrets(fields):
        clean = False
        message, _colon, remedy = exposed.rpartition(": ")
        yield warning(message, remedy)
    for name in unknown_variables(fields):
        clean = False
        near = similar(name.removeprefix("SEARCHSVC_"), fields)
        yield warning(f"{name} is set, and there is no such setting{near}", f"unset {name}")
    if clean:
        yield ok("all settings are known and valid")
