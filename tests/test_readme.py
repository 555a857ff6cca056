"""The README says what is true: its commands run, its tables are complete."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from benchmarks.catalogue.record import iter_records
from benchmarks.catalogue.writer import write_merchant_xml
from indexer.settings import IndexSettings
from searchsvc.cli.main import app
from searchsvc.query.filters import parse_filter_text
from searchsvc.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
MODELS = Settings().models_dir
_COMMAND = Path(sys.executable).with_name("searchsvc")


def shell_commands() -> list[str]:
    """The commands of all sh blocks, one each, continuation lines joined."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    commands: list[str] = []
    for block in blocks:
        pending = ""
        for line in block.splitlines():
            pending += line + "\n"
            try:
                shlex.split(pending)
            except ValueError:
                continue  # a quotation goes on
            commands.append(pending.strip())
            pending = ""
    return commands


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    write_merchant_xml(folder / "feed.xml", iter_records(150, 3))
    with (folder / "feed.xml").open("rb") as plain, gzip.open(folder / "feed.xml.gz", "wb") as out:
        shutil.copyfileobj(plain, out)
    return folder


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _run(command: str, folder: Path, port: int) -> str:
    arguments = shlex.split(command.replace(":8000", f":{port}"))
    if arguments[0] == "searchsvc":
        arguments[0] = str(_COMMAND)
    environment = {**os.environ, "SEARCHSVC_DATA_DIR": "data"}
    done = subprocess.run(
        arguments,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _wait_until_ready(port: int) -> None:
    for _ in range(1_200):  # a first start compiles
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the service did not start")


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.skipif(
    not (MODELS / "all-MiniLM-L6-v2").is_dir(), reason="run 'searchsvc model install' first"
)
def test_the_commands_of_the_readme_run_in_their_order(shop: Path) -> None:
    commands = [line for line in shell_commands() if not line.startswith(("make", "docker"))]
    assert any(line.startswith("curl") for line in commands)
    port = _free_port()
    server: subprocess.Popen[bytes] | None = None
    try:
        for command in commands:
            if command.startswith("searchsvc serve"):
                server = subprocess.Popen(
                    [str(_COMMAND), "serve", "--port", str(port)],
                    cwd=shop,
                    env={**os.environ, "SEARCHSVC_DATA_DIR": "data"},
                    stderr=subprocess.DEVNULL,
                )
                _wait_until_ready(port)
            elif command.startswith("searchsvc rollback"):
                write_merchant_xml(shop / "next.xml", iter_records(160, 3))
                _run("searchsvc reindex next.xml --index shop", shop, port)
                _run(command, shop, port)
            elif command.startswith("curl"):
                if shutil.which("curl"):
                    answer = json.loads(_run(command, shop, port))
                    assert answer["hits"], command
            else:
                _run(command, shop, port)
    finally:
        if server is not None:
            server.terminate()
            assert server.wait(20) == 0


def test_every_service_setting_is_in_the_table_and_no_other() -> None:
    documented = set(re.findall(r"`SEARCHSVC_([A-Z_]+)`", README))
    assert documented == {name.upper() for name in Settings.model_fields}


def test_the_documented_defaults_are_the_defaults() -> None:
    defaults = Settings.model_fields
    for name, shown in re.findall(
        r"^\| `SEARCHSVC_([A-Z_]+)` \| `?([\w.]+)`? \|", README, re.MULTILINE
    ):
        default = defaults[name.lower()].default
        assert str(default).lower() == shown or float(default) == float(shown), name


def _leaves(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        nested = type(field.default)
        if hasattr(nested, "model_fields"):
            yield from _leaves(nested, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_index_setting_is_in_the_table_and_no_other() -> None:
    table = README.split("### Index settings")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]+`) \|", table, re.MULTILINE)
    documented = {name for cell in cells for name in re.findall(r"`([\w.]+)`", cell)}
    assert documented == set(_leaves(IndexSettings))


def _command_names(command: typer.core.TyperCommand, prefix: str = "searchsvc") -> Iterator[str]:
    children = getattr(command, "commands", None)
    if children is None:
        yield prefix
        return
    for name, child in children.items():
        yield from _command_names(child, f"{prefix} {name}")


def test_every_command_is_in_the_table_and_no_other() -> None:
    table = README.split("## Commands")[1].split("\n## ")[0]
    documented = {
        re.sub(r" [A-Z ]+$", "", cell)
        for cell in re.findall(r"^\| `([^`|]+)` \|", table, re.MULTILINE)
    }
    assert documented == set(_command_names(typer.main.get_command(app)))


def test_nothing_was_left_to_fill_in() -> None:
    assert "@@" not in README


def test_the_filters_of_the_table_are_filters() -> None:
    _, _, rest = README.partition("| text | JSON | holds where |\n|---|---|---|\n")
    spans = re.findall(r"`([^`]+)`", rest.partition("\n\n")[0])
    filters = [span for span in spans if re.search(r"\w *[:=<>(]|[{]", span) and "…" not in span]
    assert len(filters) > 15
    for text in filters:
        assert parse_filter_text(text) is not None
