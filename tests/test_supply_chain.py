"""What we install is pinned by hashes, can be audited, and is listed."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = ("default.lock", "model.lock", "test.lock")
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^]]+\])?)\s*(==|@)\s*\S+")


def pins(lock: str) -> dict[str, list[str]]:
    """The lines of each pinned requirement of a lock file."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in (ROOT / "requirements" / lock).read_text().splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line.startswith(" "):
            match = _PIN.match(line)
            assert match, f"{lock}: {line!r} is not pinned"
            name = match[1]
        found.setdefault(name, []).append(line)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_file_is_pinned_and_has_hashes(lock: str) -> None:
    pinned = pins(lock)
    assert pinned
    for name, lines in pinned.items():
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", " ".join(lines)), f"{lock}: {name}"


@pytest.mark.parametrize("target", ["audit", "sbom"])
def test_neither_the_audit_nor_the_bill_of_materials_installs_pytorch(target: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", target],  # noqa: S607 - whichever is installed
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "requirements/test.lock" in done.stdout
    assert "export.lock" not in done.stdout
    assert "torch" not in pins("test.lock").keys() | pins("default.lock").keys()


@pytest.mark.parametrize("where", ["Makefile", "Dockerfile"])
def test_locks_are_installed_with_their_hashes_checked(where: str) -> None:
    text = (ROOT / where).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if re.search(r"install\b.*\.lock", line)]
    assert lines
    for line in lines:
        assert "--require-hashes" in line or "export.lock" in line, line


def _finding(name: str, *vulnerabilities: str) -> dict[str, Any]:
    return {
        "name": name,
        "version": "1",
        "vulns": [{"id": it, "fix_versions": ["2"], "aliases": []} for it in vulnerabilities],
    }


def test_a_vulnerability_is_named_with_its_remedy_unless_it_is_ignored_with_a_reason() -> None:
    script = runpy.run_path(str(ROOT / ".ci" / "audit.py"))
    audited = [
        _finding("one"),
        _finding("two", "CVE-1", "CVE-2"),
        {"name": "x", "skip_reason": ""},
    ]
    assert script["judge"](audited) == (
        ["two 1: CVE-1, fixed in 2", "two 1: CVE-2, fixed in 2"],
        2,
    )
    script["IGNORED"]["CVE-1"] = "a part that is not used"
    assert script["judge"](audited)[0] == ["two 1: CVE-2, fixed in 2"]
    assert script["judge"]([{"name": "x", "skip_reason": "offline"}]) == ([], 0)


@pytest.mark.parametrize("known", [1, 0])
def test_the_audit_fails_for_vulnerabilities_and_is_skipped_where_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], known: int
) -> None:
    script = runpy.run_path(str(ROOT / ".ci" / "audit.py"))
    answer = {"dependencies": [_finding("one", "CVE-1")] if known else [{"name": "one"}]}

    def run(command: list[str], **_: object) -> None:
        Path(command[command.index("--output") + 1]).write_text(json.dumps(answer))

    monkeypatch.setattr(subprocess, "run", run)
    assert script["main"]() == known
    said = capsys.readouterr().out
    assert ("one 1: CVE-1, fixed in 2" in said) == bool(known)
    assert ("skipped" in said) != bool(known)


def test_an_audit_without_an_answer_is_one_that_was_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = runpy.run_path(str(ROOT / ".ci" / "audit.py"))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: None)
    assert script["audit"]("requirements/default.lock") == []


@pytest.mark.slow
def test_the_bill_of_materials_names_every_locked_package(tmp_path: Path) -> None:
    recipe = (ROOT / "Makefile").read_text().split("\nsbom:")[1].split("\n\n")[0]
    words = recipe.replace("\\\n", " ").split("$(BIN)/python", 1)[1].split()
    output = tmp_path / "sbom.cdx.json"
    command = [word.replace(output.name, str(output)) for word in words]
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True)
    content = json.loads(output.read_bytes())
    assert "serialNumber" not in content  # the same lock gives the same bytes
    listed = {one["name"].lower() for one in content["components"]}
    assert listed == {re.sub(r"\[.*", "", name).lower() for name in pins("default.lock")}
