"""The configuration file: settings, and options of ``serve``, in TOML.

::

    data_dir = "/var/lib/searchsvc"            # every setting by its name in small letters
    admin_key_file = "/run/secrets/admin_key"  # a secret may be in a file of its own

    [serve]                                    # the options of the command
    port = 8000
    watch = ["shop=https://shop.example/feed.xml.gz"]

It is read only where it is named: by ``--config`` or ``SEARCHSVC_CONFIG``. Paths in it are
relative to the working directory, as they are in the environment.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Self

from searchsvc.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

CONFIG_VARIABLE = "SEARCHSVC_CONFIG"
"""Names the file; ``--config`` sets it, so that workers and other child processes read it, too."""
SERVE = "serve"
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """What a file says, not yet checked against what there is.

    Attributes:
        path: absolute.
        settings: by name; values as TOML has them.
        serve: options of ``serve`` by name.
    """

    path: Path
    settings: Mapping[str, object]
    serve: Mapping[str, object]

    @classmethod
    def read(cls, path: Path) -> Self:
        """The file at `path`.

        Raises:
            ConfigurationError: it cannot be read, or it is no TOML.
        """
        try:
            with path.open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
            if len(data) > _MAX_BYTES:
                raise ConfigurationError(
                    f"{path} has more than {_MAX_BYTES:,} bytes, expected a configuration file; "
                    f"name another one with --config or {CONFIG_VARIABLE}"
                )
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be read ({error.strerror or error}). Name a configuration file "
                f"that the service's user can read with --config or {CONFIG_VARIABLE}, or neither."
            ) from error
        try:
            content = tomllib.loads(data.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigurationError(
                f"{path} is no TOML ({_with_line(error, data)}). A line is NAME = VALUE, and "
                "texts stand in quotation marks; 'searchsvc config show --defaults' prints a file "
                "to begin with."
            ) from None
        serve = content.pop(SERVE, {})
        if not isinstance(serve, dict):
            raise ConfigurationError(
                f"{path}: {SERVE}: found {serve!r}, expected a table of options; begin it with a "
                f"line [{SERVE}]"
            )
        return cls(path.absolute(), content, serve)

    @classmethod
    def named(cls) -> Self | None:
        """The file that the environment names; ``None`` where it names none.

        Raises:
            ConfigurationError: see `read`.
        """
        name = os.environ.get(CONFIG_VARIABLE)
        return cls.read(Path(name)) if name else None


def _with_line(error: Exception, data: bytes) -> str:
    """What `error` says of a file with `data`, and in which line that is."""
    if isinstance(error, UnicodeDecodeError):
        line = data.count(b"\n", 0, error.start) + 1
        return f"{error.reason} in UTF-8 (at line {line})"
    # That is all that the parser says of what begins and does not end.
    last = len(data.rstrip().splitlines())
    return str(error).replace("at end of document", f"at line {last}, the last one")


def similar(name: str, known: Collection[str]) -> str:
    """The end of a sentence: a question that names what was meant, if anything known is near."""
    near = get_close_matches(name.lower(), known, n=1)
    return f"; did you mean {near[0]}?" if near else "."
