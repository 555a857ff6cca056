from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.cli import suite
from benchmarks.suite import Step, steps


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("products", [1_000, 10_000])
def test_every_step_is_a_command_that_takes_its_arguments(
    tmp_path: Path, products: int, *, quick: bool
) -> None:
    root = typer.main.get_group(command.app)
    made = steps(products, tmp_path, quick=quick)
    assert len({step.json_file for step in made}) == len(made)
    for step in made:
        name, *arguments = step.arguments
        assert name == step.name
        root.commands[name].make_context(name, arguments)


def test_a_benchmark_that_fails_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = tmp_path / "generate.json"
    result.write_text('{"rss_bytes": 5}')
    feed = str(tmp_path / "feed.jsonl")
    made = [
        Step("compare", ("compare", "absent.json", "absent.json"), tmp_path / "compare.json"),
        Step("generate", ("generate", feed, "--products", "2"), result),
        Step("fetch", ("fetch", "nothing", feed), tmp_path / "fetch.json"),
    ]
    monkeypatch.setattr(suite, "steps", lambda *_, **__: made)
    runner = CliRunner()
    done = runner.invoke(command.app, ["suite", "--out", str(tmp_path)])
    assert done.exit_code == 1
    assert "failed: compare, fetch" in done.stderr
    assert (tmp_path / "feed.jsonl").exists()
    assert "rss_bytes" in (tmp_path / "speed.html").read_text("utf-8")
    only = runner.invoke(command.app, ["suite", "--out", str(tmp_path), "--only", "generate"])
    assert only.exit_code == 0
    assert "compare" not in only.stderr


def test_where_everything_fails_there_is_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [Step("compare", ("compare", "absent.json", "absent.json"), tmp_path / "c.json")]
    monkeypatch.setattr(suite, "steps", lambda *_, **__: made)
    done = CliRunner().invoke(command.app, ["suite", "--out", str(tmp_path / "new")])
    assert done.exit_code == 1
    assert list((tmp_path / "new").iterdir()) == []
