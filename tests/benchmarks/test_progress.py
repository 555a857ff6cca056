from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks import progress

if TYPE_CHECKING:
    import pytest


def report(monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=is_terminal, width=120, color_system=None)
    monkeypatch.setattr(progress, "stderr", console)
    with progress.ByteBars() as bars:
        bars.advance(1)  # nothing has begun
        bars.start("label.csv", 500_000, 2_000_000)
        bars.advance(500_000)
    return out.getvalue()


def test_a_terminal_shows_how_much_of_a_file_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = report(monkeypatch, is_terminal=True)
    assert "label.csv" in shown
    assert "1.0/2.0 MB" in shown


def test_a_log_has_a_line_for_each_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert report(monkeypatch, is_terminal=False).split("\n")[0] == "fetching label.csv ..."
