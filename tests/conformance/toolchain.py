"""The stock clients, installed from npm as locked and bundled for a browser."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
_MODULES = HERE / "node_modules"
_LOCK = HERE / "package-lock.json"
_STAMP = _MODULES / ".installed"
_PAGES = ("browser.js", "instantsearch.js", "react-instantsearch.jsx", "autocomplete.js")
_HTML = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{name}</title><link rel="icon" href="data:,">
<body><main id="root"></main><script src="{name}.js"></script></body></html>
"""


def program(name: str) -> str:
    """Where the program is; a machine without it skips the test, CI fails it."""
    found = shutil.which(name)
    if found is None:
        reason = f"{name} is not on the PATH"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}; CI must install it")
        pytest.skip(reason)
    return found


def install_clients() -> None:
    """Install what package-lock.json names, unless that was done already."""
    npm = program("npm")
    wanted = hashlib.sha256(_LOCK.read_bytes()).hexdigest()
    if _STAMP.is_file() and _STAMP.read_text() == wanted:
        return
    flags = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    subprocess.run([npm, "ci", *flags], cwd=HERE, check=True)
    _STAMP.write_text(wanted)


def bundle_pages(folder: Path) -> None:
    """Write each page and its script into `folder`.

    The development builds of the clients: they warn in the console about what they do not expect.
    """
    subprocess.run(
        [
            _MODULES / ".bin" / "esbuild",
            *(HERE / "clients" / page for page in _PAGES),
            "--bundle",
            f"--outdir={folder}",
            "--jsx=automatic",
            '--define:process.env.NODE_ENV="development"',
            "--log-level=warning",
        ],
        check=True,
    )
    for page in _PAGES:
        name = Path(page).stem
        (folder / f"{name}.html").write_text(_HTML.format(name=name))


def locked_version(package: str) -> str:
    """The version of a package that package-lock.json names."""
    locked = json.loads(_LOCK.read_bytes())["packages"]
    version: str = locked[f"node_modules/{package}"]["version"]
    return version
