"""``searchsvc backup`` and ``restore``: what they print, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from searchsvc.cli.main import app
from searchsvc.state.store import StateStore
from tests.crash import shop
from tests.searchsvc.conftest import MakeSettings


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(it) for it in arguments])


@pytest.fixture
def made(data_dir: Path, make_settings: MakeSettings, tmp_path: Path) -> Path:
    shop.build(data_dir, 1)
    StateStore.open(make_settings()).close()
    done = run("backup", tmp_path / "backup", "-d", data_dir)
    assert done.exit_code == 0
    assert "state: yes" in done.stdout
    assert "indexes: shop g00000001" in done.stdout
    return tmp_path / "backup"


def test_a_backup_is_restored_by_the_command_that_the_help_shows(
    made: Path, tmp_path: Path
) -> None:
    done = run("restore", made, "--data-dir", tmp_path / "new")
    assert done.exit_code == 0, done.output
    assert "restored shop g00000001" in done.stdout
    assert shop.published(tmp_path / "new") is not None


def test_scripts_get_json(made: Path, data_dir: Path, tmp_path: Path) -> None:
    again = json.loads(run("backup", made, "-d", data_dir, "--json").stdout)
    assert (again["has_state"], again["notes"]) == (True, [])
    refused = run("restore", made, "-d", data_dir, "--json")
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["error"] == "BackupError"
    restored = json.loads(run("restore", made, "-d", tmp_path / "new", "--json").stdout)
    assert restored["indexes"].keys() == {"shop"}


def test_what_is_missing_or_comes_back_is_said_on_standard_error(
    made: Path, data_dir: Path, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = StateStore.open(make_settings())
    receipt = store.delete_user("somebody").receipt
    store.close()
    done = run("restore", made, "-d", data_dir, "--force")
    assert receipt in done.stderr
    monkeypatch.setenv("SEARCHSVC_STATE_URL", "postgresql://host/shop")
    done = run("backup", made, "-d", data_dir)
    assert "pg_dump" in done.stderr
    assert "state: no" in done.stdout
