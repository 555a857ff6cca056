"""Known vulnerabilities of what the lock files name; any of them fails.

Where the database of vulnerabilities cannot be reached nothing is known, which is said and does
not fail: what a build needs must not depend on somebody else's server.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

LOCKS = ("requirements/default.lock", "requirements/model.lock", "requirements/test.lock")
IGNORED: dict[str, str] = {}
"""Ids of vulnerabilities that do not concern us, and why."""
_SECONDS = 300


def judge(audited: list[dict[str, Any]]) -> tuple[list[str], int]:
    """What pip-audit found.

    Args:
        audited: its list of dependencies.

    Returns:
        A line for each vulnerability that is not ignored, and how many packages were looked up.
    """
    known = [one for one in audited if "vulns" in one]
    found = [
        f"{one['name']} {one['version']}: {vulnerability['id']}, fixed in "
        f"{', '.join(vulnerability['fix_versions']) or 'no version'}"
        for one in known
        for vulnerability in one["vulns"]
        if not IGNORED.keys() & {vulnerability["id"], *vulnerability.get("aliases", ())}
    ]
    return found, len(known)


def audit(lock: str) -> list[dict[str, Any]]:
    """What pip-audit says of a lock file; nothing where it could not ask."""
    with tempfile.TemporaryDirectory() as scratch:
        answer = Path(scratch) / "audit.json"
        command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip"]
        command += ["--requirement", lock, "--timeout", "15", "--progress-spinner", "off"]
        command += ["--format", "json", "--output", str(answer)]
        try:
            subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603 - our own words
            content = json.loads(answer.read_text())
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return []
    dependencies: list[dict[str, Any]] = content["dependencies"]
    return dependencies


def main() -> int:
    """Audit all lock files; the exit code."""
    worst = 0
    for lock in LOCKS:
        audited = audit(lock)
        found, known = judge(audited)
        if known:
            print(f"audit of {lock}: {len(found)} vulnerabilities in {known} packages")  # noqa: T201 - a report
        else:
            print(f"audit of {lock}: skipped, the database cannot be reached")  # noqa: T201 - a report
        if 0 < known < len(audited):
            print(f"  {len(audited) - known} packages are not in the database")  # noqa: T201 - a report
        for line in found:
            worst = 1
            print(f"  {line}")  # noqa: T201 - a report
    return worst


if __name__ == "__main__":
    sys.exit(main())
