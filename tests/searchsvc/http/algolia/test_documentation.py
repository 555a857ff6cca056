"""The page that says how to move here, against what is here."""

from __future__ import annotations

from pathlib import Path

import pytest

from searchsvc.http.algolia.parameters import Parameters
from searchsvc.http.algolia.routes import algolia

PAGE = Path(__file__).parents[4] / "docs" / "instantsearch.md"


@pytest.mark.parametrize(
    "name", [field.alias for field in Parameters.model_fields.values() if field.alias != "facet"]
)
def test_every_parameter_is_documented(name: str) -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert any(f"`{name}" in row.split(" | ")[0] for row in rows)


def test_every_route_is_documented() -> None:
    text = PAGE.read_text()
    named = {"{index:path}": "{index}", "{facet:path}": "{facet}", "{name:path}": "{index}"}
    named["{token:path}"] = "{userToken}"
    for route in algolia.routes:
        path: str = route.path  # type: ignore[attr-defined]
        for template, documented in named.items():
            path = path.replace(template, documented)
        assert path == "/1/{path:path}" or path in text
