"""``searchsvc config``: which settings are in force, where each comes from, and what is wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic.fields import FieldInfo
from typer.core import TyperGroup, TyperOption

from searchsvc.cli.output import AsJson, DataDir, print_json, read_settings, say, stderr
from searchsvc.configuration.file import CONFIG_VARIABLE, SERVE, ConfigurationFile, similar
from searchsvc.configuration.origins import (
    DEFAULT,
    exposed_secrets,
    meanings,
    origins,
    unknown_variables,
)
from searchsvc.configuration.sources import FILE_SUFFIX, is_secret
from searchsvc.edge import edge_settings
from searchsvc.errors import ConfigurationError
from searchsvc.limits import limit_settings
from searchsvc.policy import ranking_settings
from searchsvc.settings import DOCUMENTED, Settings

app = typer.Typer(help="Show and check the service's settings.", no_args_is_help=True)

_NOT_IN_THE_FILE = ("as_json", "help", "data_dir")
_INDENT = "    "
_FIRST = ("data_dir", "models_dir", "keys", "admin_key", "state_url")


def configure(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            envvar=CONFIG_VARIABLE,
            metavar="FILE",
            help="Configuration file in TOML; none is read where none is named.",
        ),
    ] = None,
) -> None:
    """Have the command, and all processes that it starts, read the configuration file."""
    if config is None:
        return
    os.environ[CONFIG_VARIABLE] = str(config.absolute())
    try:
        file = ConfigurationFile.read(config)
        options = _serve_defaults(context, file)
        listening = {name: options[name] for name in ("host", "port") if name in options}
        context.default_map = {SERVE: options, "doctor": listening}
    except ConfigurationError as error:
        raise typer.BadParameter(str(error)) from None


@app.command()
def show(
    context: typer.Context,
    data_dir: DataDir = None,
    as_template: Annotated[
        bool,
        typer.Option(
            "--defaults", help="Print a configuration file instead: all defaults, commented out."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show every setting: its value, where it comes from, and what it means.

    Secrets are shown as set or not.

    Example: searchsvc --config /etc/searchsvc.toml config show
    """
    options = list(_options(context))
    if as_template:
        _print_template(options)
        return
    settings = read_settings(data_dir)
    given = () if data_dir is None else ("data_dir",)
    rows = list(_settings_in_force(settings, origins(Settings.model_fields, given)))
    if as_json:
        print_json({"file": os.environ.get(CONFIG_VARIABLE), "settings": rows, SERVE: options})
        return
    for row in rows:
        say(f"{row['name']} = {_shown(row['value'])}  ({row['origin']})")
        say(_INDENT + row["meaning"])
    say(f"\n[{SERVE}]")
    for row in options:
        say(f"{row['name']} = {_shown(row['value'])}  ({row['origin']})")
        say(_INDENT + row["meaning"])


@app.command()
def check(as_json: AsJson = False) -> None:
    """Check the settings without starting anything; a wrong one gives exit code 2.

    Example: searchsvc --config /etc/searchsvc.toml config check
    """
    read_settings()
    fields = Settings.model_fields
    warnings = list(exposed_secrets(fields))
    warnings += [
        f"{name} is set, and there is no such setting"
        f"{similar(name.removeprefix('SEARCHSVC_'), fields)}"
        for name in unknown_variables(fields)
    ]
    found = sum(origin != DEFAULT for origin in origins(fields).values())
    if as_json:
        print_json({"valid": True, "set": found, "warnings": warnings})
        return
    for warning in warnings:
        stderr.print(f"warning: {warning}", markup=False)
    say(f"{found} of {len(fields)} settings differ from their defaults; all are valid")


def _serve_defaults(context: typer.Context, file: ConfigurationFile) -> Mapping[str, object]:
    """The options of ``serve`` that `file` gives.

    Raises:
        ConfigurationError: there is no such option, or it takes no such value.
    """
    known = _parameters(context)
    for name, value in file.serve.items():
        where = f"{file.path}: {SERVE}.{name}"
        if name not in known:
            raise ConfigurationError(
                f"{where}: serve has no such option{similar(name, known)} It has "
                f"{', '.join(known)}; settings stand above [{SERVE}]"
            )
        if isinstance(value, bool) and not known[name].is_flag:
            raise ConfigurationError(
                f"{where}: found {str(value).lower()}, expected no truth value; "
                "'searchsvc serve --help' tells what it takes"
            )
        try:
            known[name].process_value(context, value)
        except (typer.BadParameter, TypeError) as error:
            raise ConfigurationError(
                f"{where}: {error}; 'searchsvc serve --help' tells what it takes"
            ) from None
    return file.serve


def _parameters(context: typer.Context) -> dict[str, TyperOption]:
    """The options of ``serve`` that a file may give, by name."""
    group = context.find_root().command
    serve = group.get_command(context, SERVE) if isinstance(group, TyperGroup) else None
    options = [it for it in (serve.params if serve else ()) if isinstance(it, TyperOption)]
    return {it.name: it for it in options if it.name and it.name not in _NOT_IN_THE_FILE}


def _settings_in_force(settings: Settings, where: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    described = meanings(*DOCUMENTED)
    shown = settings.model_dump(mode="json")
    for name, field in _in_order():
        value = getattr(settings, name)
        yield {
            "name": name,
            "value": ("set" if value else None) if is_secret(field) else shown[name],
            "origin": where[name],
            "meaning": described[name],
        }


def _in_order() -> Iterator[tuple[str, FieldInfo]]:
    """All settings: first where things are and who may ask, last what experts of search tune."""
    fields = Settings.model_fields
    groups = (edge_settings(), limit_settings(), ranking_settings())
    later = [name for group in groups for name in group]
    first = [*_FIRST, *(name for name in fields if name not in (*_FIRST, *later))]
    return ((name, fields[name]) for name in (*first, *later))


def _options(context: typer.Context) -> Iterator[dict[str, Any]]:
    """The options of ``serve``, as the configuration file and the defaults have them."""
    root = context.find_root()
    given = (root.default_map or {}).get(SERVE, {})
    place = os.environ.get(CONFIG_VARIABLE)
    for name, option in _parameters(context).items():
        yield {
            "name": name,
            "value": given.get(name, option.default),
            "origin": f"file {place}: {SERVE}.{name}" if name in given else DEFAULT,
            "meaning": option.help or "",
        }


def _print_template(options: list[dict[str, Any]]) -> None:
    described = meanings(*DOCUMENTED)
    for name, field in _in_order():
        say(f"# {described[name]}")
        if is_secret(field):
            say(f'# {name}{FILE_SUFFIX} = "/run/secrets/{name}"\n')
        else:
            default = field.get_default(call_default_factory=True, validated_data={})
            say(f"# {name} = {_shown(default)}\n")
    say(f"[{SERVE}]")
    for option in options:
        say(f"# {option['meaning']}")
        say(f"# {option['name']} = {_shown(option['value'])}\n")


def _shown(value: object) -> str:
    """`value` as TOML has it, as far as it has such values."""
    if value is None:
        return "not set"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return json.dumps([str(one) for one in value], ensure_ascii=False)
    return json.dumps(str(value), ensure_ascii=False)
