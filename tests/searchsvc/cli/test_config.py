"""``searchsvc config``, and ``--config`` before any command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from searchsvc.cli import serve as serve_module
from searchsvc.cli.main import app
from searchsvc.policy import ranking_settings
from searchsvc.settings import Settings


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCHSVC_CONFIG", "")  # so that what a command sets is undone
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SEARCHSVC_{name.upper()}", raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "searchsvc.toml"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(it) for it in arguments])


def test_config_show_tells_value_origin_and_meaning_of_every_setting(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('window = 9\nadmin_key = "sixteen letters!"\n[serve]\nport = 8123\n')
    monkeypatch.setenv("SEARCHSVC_NEIGHBOURS", "11")
    shown = json.loads(run("--config", file, "config", "show", "-d", "here", "--json").stdout)
    rows = {row["name"]: row for row in shown["settings"]}
    assert rows.keys() == Settings.model_fields.keys()
    assert all(row["meaning"] for row in rows.values())
    assert (rows["window"]["value"], rows["window"]["origin"]) == (9, f"file {file}: window")
    assert rows["neighbours"]["origin"] == "environment SEARCHSVC_NEIGHBOURS"
    assert (rows["data_dir"]["value"], rows["data_dir"]["origin"]) == ("here", "option --data-dir")
    assert (rows["admin_key"]["value"], rows["token_key"]["value"]) == ("set", None)
    options = {row["name"]: row for row in shown["serve"]}
    assert (options["port"]["value"], options["port"]["origin"]) == (
        8123,
        f"file {file}: serve.port",
    )
    assert options["workers"]["origin"] == "default"


def test_config_show_begins_with_what_an_operator_looks_for(file: Path) -> None:
    file.write_text("window = 3\n")
    for arguments in (
        ("config", "show", "--json"),
        ("--config", file, "config", "show", "--json"),
    ):
        # The same whether there is a file or not.
        names = [row["name"] for row in json.loads(run(*arguments).stdout)["settings"]]
        assert sorted(names) == sorted(Settings.model_fields)
        assert names[:4] == ["data_dir", "models_dir", "keys", "admin_key"]
        places = [names.index(it) for it in ("keys", "trusted_proxies", "max_hits", "window")]
        assert places == sorted(places)
        assert names[-1] in ranking_settings()


def test_config_show_for_people_shows_no_secret(file: Path) -> None:
    file.write_text('admin_key = "sixteen letters!"\n')
    shown = run("--config", file, "config", "show").stdout
    assert "sixteen letters!" not in shown
    assert f'admin_key = "set"  (file {file}: admin_key)' in shown
    assert "[serve]" in shown


def test_the_printed_defaults_are_a_file_that_changes_nothing(file: Path) -> None:
    template = run("config", "show", "--defaults").stdout
    file.write_text(template)
    before = Settings()
    assert run("--config", file, "config", "check").exit_code == 0
    assert Settings() == before
    uncommented = [
        line.removeprefix("# ")
        for line in template.splitlines()
        if " = " in line and "= not set" not in line and "_file" not in line
    ]
    given = tomllib.loads("\n".join(line for line in uncommented if line.split()[1] == "="))
    assert Settings.model_fields.keys() & given.keys()
    file.write_text(template.split("[serve]")[0])
    for name, value in given.items():
        if name in Settings.model_fields:
            shown = before.model_dump(mode="json")[name]
            assert shown == value, name


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[serve]\nprot = 80\n", "serve.prot: serve has no such option; did you mean port?"),
        ("[serve]\nzzzz = 80\n", "serve.zzzz: serve has no such option. It has host, port"),
        ("[serve]\nport = 0\n", "serve.port: Input should be greater than or equal to 1"),
        ("[serve]\nport = true\n", "serve.port: found true"),
        ('[serve]\nwatch = "feed"\n', "serve.watch: Value must be an iterable"),
        ('[serve]\ndata_dir = "x"\n', "serve.data_dir: serve has no such option"),
        ("windows = 80\n", "windows: there is no such setting; did you mean window?"),
        ("window = 0\n", "window: Input should be greater than or equal to 1"),
    ],
)
def test_what_is_wrong_in_the_file_is_wrong_usage_that_names_the_place(
    file: Path, text: str, complaint: str
) -> None:
    file.write_text(text)
    done = run("--config", file, "config", "check")
    assert done.exit_code == 2
    said = " ".join(done.output.replace("│", " ").split())
    assert complaint in said.replace(str(file), "").replace("  ", " "), said


def test_config_check_counts_and_warns(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('window = 9\nadmin_key = "sixteen letters!"\n')
    file.chmod(0o644)
    monkeypatch.setenv("SEARCHSVC_WINDOWS", "3")
    found = json.loads(run("--config", file, "config", "check", "--json").stdout)
    assert found["valid"]
    assert found["set"] == 2
    exposed, unknown = found["warnings"]
    assert str(file) in exposed
    assert (
        unknown == "SEARCHSVC_WINDOWS is set, and there is no such setting; did you mean window?"
    )
    done = run("--config", file, "config", "check")
    assert done.exit_code == 0
    assert done.stderr.count("warning: ") == 2


def test_serve_takes_its_options_from_the_file_and_the_command_line_before_it(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[Any, ...]] = []
    monkeypatch.setattr(serve_module, "_run", lambda *given: started.append(given))
    monkeypatch.setattr(serve_module, "_check_port", lambda *_: None)
    file.write_text(
        f'data_dir = "{tmp_path / "data"}"\nmax_concurrent = 5\n'
        "[serve]\nport = 8123\nworkers = 3\n"
    )
    assert run("--config", file, "serve", "--workers", "2").exit_code == 0
    ((settings, address, workers),) = started
    assert (address.host, address.port, workers) == ("127.0.0.1", 8123, 2)
    assert settings.max_concurrent == 5


def test_processes_that_a_command_starts_read_the_same_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("window = 77\n")
    monkeypatch.chdir(file.parent)
    assert run("--config", file.name, "config", "check").exit_code == 0
    child = subprocess.run(
        [
            sys.executable,
            "-c",
            "from searchsvc.settings import Settings; print(Settings().window)",
        ],
        env={**os.environ, "PYTHONPATH": str(Path(serve_module.__file__).parents[2])},
        cwd="/",
        capture_output=True,
        check=True,
    )
    assert child.stdout == b"77\n"
