"""The published table says what the tests of this folder saw, which ran before this one."""

from __future__ import annotations

import os

import pytest

from tests.conformance.table import Table
from tests.conformance.toolchain import HERE

PUBLISHED = HERE.parents[1] / "docs" / "conformance.md"


def test_the_published_table_is_what_was_seen(conformance_table: Table) -> None:
    seen = conformance_table.markdown()
    if not conformance_table.complete():
        pytest.skip("only a part of the conformance tests was run")
    if os.environ.get("CONFORMANCE_TABLE") == "write":
        PUBLISHED.write_text(seen)
    assert PUBLISHED.read_text() == seen, (
        "run CONFORMANCE_TABLE=write python -m pytest tests/conformance"
    )
