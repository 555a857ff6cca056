"""``searchsvc doctor``: its exit codes, and what scripts get."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from searchsvc.cli import doctor as module
from searchsvc.cli.main import app
from searchsvc.doctor.finding import Finding, Level, Patient


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(it) for it in arguments])


@pytest.mark.parametrize("level", Level)
def test_the_exit_code_is_the_worst_level(level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        Finding("one", Level.OK, "fine"),
        Finding("two", level, "so", "do it" if level else ""),
        Finding("three", Level.OK, "fine"),
    ]
    monkeypatch.setattr(module, "examine", lambda _: iter(found))
    done = run("doctor")
    assert done.exit_code == int(level)
    assert ("-> do it" in done.stdout) == bool(level)
    answer = json.loads(run("doctor", "--json").stdout)
    assert answer["level"] == level.name.lower()
    assert answer["findings"][0] == {
        "check": "one",
        "level": "ok",
        "message": "fine",
        "remedy": "",
    }


def test_the_address_is_that_of_the_configuration_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Patient] = []
    monkeypatch.setenv("SEARCHSVC_CONFIG", "")
    monkeypatch.setattr(module, "examine", lambda patient: seen.append(patient) or iter(()))
    file = tmp_path / "searchsvc.toml"
    file.write_text('[serve]\nhost = "::"\nport = 81\nworkers = 2\n')
    run("--config", file, "doctor", "--port", "82", "--deep")
    assert [(it.host, it.port, it.deep) for it in seen] == [("::", 82, True)]


def test_an_empty_place_is_examined_to_the_end(tmp_path: Path) -> None:
    done = run("doctor", "-d", tmp_path / "nothing", "--port", "1", "--json")
    answer = json.loads(done.stdout)
    assert done.exit_code >= 1
    assert [it for it in answer["findings"] if "reindex" in it["remedy"]]
