"""The origin of each setting, what it means, and what is wrong with it."""

from __future__ import annotations

import inspect
import os
import re
import stat
from typing import TYPE_CHECKING

from searchsvc.configuration.file import ConfigurationFile
from searchsvc.configuration.sources import PREFIX, declared, is_secret, variable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pydantic import ValidationError
    from pydantic.fields import FieldInfo

DEFAULT = "default"
OPTION = "option"
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)
_OTHERS_MAY_READ = stat.S_IROTH
_KNOWN_BESIDES = frozenset({"CONFIG", "TEST_POSTGRES"})


def origins(fields: Mapping[str, FieldInfo], given: Collection[str] = ()) -> dict[str, str]:
    """Where the value of each setting comes from, for people.

    Args:
        fields: of the settings.
        given: names of those that an option of the command gives.

    Raises:
        ConfigurationError: see `declared`.
    """
    below = declared(fields)
    upper = {name.upper(): name for name in os.environ}
    found: dict[str, str] = {}
    for name in fields:
        if name in given:
            found[name] = f"{OPTION} --{name.replace('_', '-')}"
        elif variable(name) in upper:
            found[name] = f"environment {upper[variable(name)]}"
        elif name in below:
            found[name] = below[name].origin
        else:
            found[name] = DEFAULT
    return found


def refusal(error: ValidationError, fields: Mapping[str, FieldInfo]) -> str:
    """What is wrong with the settings: where the first wrong value is, and what was expected."""
    first = error.errors()[0]
    name, *within = first["loc"] or ("",)
    name = str(name)
    entry = f", entry {within[0] + 1}" if within and isinstance(within[0], int) else ""
    origin = origins(fields).get(name, "")
    kind, _, place = origin.partition(" ")
    where = place if kind in ("environment", "file") else variable(name)
    secret = name in fields and is_secret(fields[name])
    found = "" if secret else f" (found {first['input']!r})"
    return f"{where}{entry}: {first['msg']}{found}"


def meanings(*documented: type) -> dict[str, str]:
    """What the docstrings of classes say of their attributes, by name."""
    return {
        name: " ".join(text.split())
        for one in documented
        for name, text in _ATTRIBUTE.findall(inspect.getdoc(one) or "")
    }


def exposed_secrets(fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    """A warning for each file with secrets that everybody on this machine may read."""
    file = ConfigurationFile.named()
    below = declared(fields)
    paths = {found.secret_file for found in below.values() if found.secret_file}
    if file and any(name in file.settings and is_secret(fields[name]) for name in fields):
        paths.add(file.path)
    for path in sorted(paths):
        if path.stat().st_mode & _OTHERS_MAY_READ:
            yield (
                f"{path} holds a secret and everybody on this machine may read it: "
                f"'chmod o-r {path}'"
            )


def unknown_variables(fields: Mapping[str, FieldInfo]) -> list[str]:
    """Environment variables that look like settings and are none."""
    known = {name.upper() for name in fields} | _KNOWN_BESIDES
    known |= {f"{name.upper()}_FILE" for name, field in fields.items() if is_secret(field)}
    return sorted(
        name
        for name in os.environ
        if name.upper().startswith(PREFIX) and name.upper().removeprefix(PREFIX) not in known
    )
