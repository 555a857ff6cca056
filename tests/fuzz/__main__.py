"""``python -m tests.fuzz``: every target in turn, guided by coverage, as long as there is time.

What is found is cut down to what it needs, and printed with how to keep it as a test.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from tests.fuzz.inventory import CORPUS, TARGETS, load, seeds_of

WORK = Path(".fuzz")
"""Inputs that reached something new, and those that failed."""
MINIMIZING_SECONDS = 30
_OUT = Console(highlight=False, markup=False, soft_wrap=True)
_RUN = (sys.executable, "-W", "ignore", "-m", "tests.fuzz.instrumented")
_LIMITS = ("-timeout=30", "-rss_limit_mb=3072", "-max_len=65536", "-print_final_stats=1")


def main() -> int:
    """Fuzz; 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="in all, shared by the targets")
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], help="all by default")
    given = parser.parse_args()
    names = given.targets or TARGETS
    found = [crash for name in names for crash in fuzz(name, max(1, given.seconds // len(names)))]
    for crash in found:
        keep = CORPUS / crash.parent.name / "a_name_that_says_what_failed"
        _OUT.print(f"\n{crash}: {crash.read_bytes()[:500]!r}\nkeep it: cp {crash} {keep}")
    return 1 if found else 0


def fuzz(name: str, seconds: int) -> list[Path]:
    """What made the target called `name` fail, as small as it can be made."""
    corpus, crashes = WORK / "corpus" / name, WORK / "crashes" / name
    corpus.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds_of(load(name))):
        (corpus / f"seed-{number}").write_bytes(seed)
    for kept in (CORPUS / name).glob("*"):
        shutil.copy(kept, corpus / kept.name)
    for earlier in crashes.iterdir():  # reported again only if it fails still
        earlier.replace(corpus / earlier.name)
    _OUT.print(f"{name}: {seconds} s")
    log = WORK / f"{name}.log"
    with log.open("wb") as out:
        options = (f"-max_total_time={seconds}", f"-artifact_prefix={crashes}/")
        subprocess.run(
            (*_RUN, name, *_LIMITS, *options, str(corpus)), stderr=out, stdout=out, check=False
        )
    for line in log.read_text("utf-8", "replace").splitlines():
        if "stat::number_of_executed_units" in line or "stat::peak_rss_mb" in line:
            _OUT.print(f"  {line.removeprefix('stat::')}")
    return [_minimized(name, crash) for crash in sorted(crashes.glob("*-*"))]


def _minimized(name: str, crash: Path) -> Path:
    small = crash.with_name(f"small_{crash.name.rpartition('-')[2]}")
    options = ("-minimize_crash=1", f"-max_total_time={MINIMIZING_SECONDS}")
    subprocess.run(
        (*_RUN, name, *options, f"-exact_artifact_path={small}", str(crash)),
        capture_output=True,
        check=False,
    )
    return small if small.exists() else crash


if __name__ == "__main__":
    sys.exit(main())
