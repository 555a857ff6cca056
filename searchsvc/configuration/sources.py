"""Sources of settings below the environment: files of secrets, and the configuration file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr
from pydantic_settings import PydanticBaseSettingsSource

from searchsvc.configuration.file import SERVE, ConfigurationFile, similar
from searchsvc.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

PREFIX = "SEARCHSVC_"
FILE_SUFFIX = "_file"
_MAX_SECRET_BYTES = 64 * 1024

Fields = dict[str, Any]
"""The fields of a settings class, by name."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value that was found below the environment.

    Attributes:
        value: as it was written; that of a secret's file without white space at its ends.
        origin: where, for people.
        secret_file: the file that a secret was read from.
    """

    value: object
    origin: str
    secret_file: Path | None = None


class DeclaredSource(PydanticBaseSettingsSource):
    """The source of all that `declared` finds."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """See `PydanticBaseSettingsSource`; never asked, since `__call__` gives all at once."""
        del field
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """All values by name.

        Raises:
            ConfigurationError: see `declared`.
        """
        return {
            name: found.value for name, found in declared(self.settings_cls.model_fields).items()
        }


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting must not be shown."""
    return "SecretStr" in repr(field.annotation) or field.annotation is SecretStr


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def declared(fields: Mapping[str, FieldInfo]) -> dict[str, Found]:
    """What secrets' files and the configuration file say, by the names of settings.

    A file that a variable names (``SEARCHSVC_ADMIN_KEY_FILE``) comes before the configuration
    file. What the environment says itself comes before both, and is not looked at here.

    Raises:
        ConfigurationError: a file cannot be read, has an unknown name, or two say the same.
    """
    file = ConfigurationFile.named()
    found = {} if file is None else _in_file(file, fields)
    for name in (name for name, field in fields.items() if is_secret(field)):
        file_variable = variable(name + FILE_SUFFIX)
        path = os.environ.get(file_variable)
        if not path:
            continue
        if variable(name) in os.environ:
            raise ConfigurationError(
                f"{variable(name)} and {file_variable} are both set, expected one; unset the other"
            )
        found[name] = _secret(Path(path), f"environment {file_variable}")
    return found


def _in_file(file: ConfigurationFile, fields: Mapping[str, FieldInfo]) -> dict[str, Found]:
    secrets = {name + FILE_SUFFIX: name for name, field in fields.items() if is_secret(field)}
    found: dict[str, Found] = {}
    for key, value in file.settings.items():
        origin = f"file {file.path}: {key}"
        if key in fields:
            if isinstance(value, bool) and fields[key].annotation is not bool:
                raise ConfigurationError(
                    f"{file.path}: {key}: found {str(value).lower()}, expected no truth value; "
                    "'searchsvc config show' tells what it means"
                )
            one = key, Found(value, origin)
        elif key in secrets:
            if not isinstance(value, str):
                raise ConfigurationError(
                    f"{file.path}: {key}: found {value!r}, expected the path of a file; write it "
                    "in quotation marks"
                )
            one = secrets[key], _secret(Path(value), origin)
        else:
            raise ConfigurationError(_unknown(file, key, [*fields, *secrets, SERVE]))
        if one[0] in found:
            raise ConfigurationError(
                f"{file.path}: {one[0]} and {one[0]}{FILE_SUFFIX} are both there, expected one; "
                "remove the other"
            )
        found[one[0]] = one[1]
    return found


def _unknown(file: ConfigurationFile, key: str, known: list[str]) -> str:
    return (
        f"{file.path}: {key}: there is no such setting{similar(key, known)} "
        "'searchsvc config show' lists all; options of serve stand below [serve]"
    )


def _secret(path: Path, origin: str) -> Found:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_SECRET_BYTES + 1)
        if len(data) > _MAX_SECRET_BYTES:
            raise ConfigurationError(
                f"{origin}: {path} has more than {_MAX_SECRET_BYTES:,} bytes, expected one line "
                "with the secret; name another file"
            )
        return Found(data.decode().strip(), origin, path)
    except OSError as error:
        raise ConfigurationError(
            f"{origin}: {path} cannot be read ({error.strerror or error}); the service's user "
            "needs read access to it"
        ) from error
    except UnicodeDecodeError:
        raise ConfigurationError(
            f"{origin}: {path} holds no text, expected one line with the secret; name another file"
        ) from None
