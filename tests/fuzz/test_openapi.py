"""Requests made from the OpenAPI document: the service does what it documents, whatever comes."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from schemathesis import CheckContext, engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events
from schemathesis.python.asgi import shutdown_lifespans

from searchsvc.http.app import create_app
from tests.fuzz.shop import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fastapi import FastAPI

    from searchsvc.settings import Settings

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = int(os.environ.get("SEARCHSVC_FUZZ_EXAMPLES", "10"))
"""Requests of each operation, beside those at the bounds of its schema and the chains of them."""
LEAKS = re.compile(
    r"Traceback|site-packages|/home/|/tmp/|\bSELECT |sqlite|sqlalchemy|line \d+, in "
)
"""What an answer must not tell of the server."""


@schemathesis.check
def leaks_nothing(
    _: CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    if response.status_code < 400:
        return  # it may repeat what was stored
    sent = repr((case.path_parameters, case.query, case.headers, case.body))
    found = LEAKS.search(response.text)
    assert found is None or found[0] in sent, f"leaks {found[0]!r}: {response.text[:500]}"


@pytest.fixture
def shop(shop_settings: Settings) -> Iterator[FastAPI]:
    yield create_app(shop_settings.model_copy(update={"keys": "required"}))
    shutdown_lifespans()


def test_the_service_does_what_its_document_says(shop: FastAPI) -> None:
    configured = tomllib.loads(CONFIGURATION.read_text())
    configured["headers"] = {"Authorization": f"Bearer {KEY}"}
    configured["generation"]["max-examples"] = EXAMPLES
    config = SchemathesisConfig.from_dict(configured)
    schema = schemathesis.openapi.from_asgi("/openapi.json", shop, config=config)

    failures: dict[tuple[str, str], str] = {}
    requests = 0
    for event in engine.from_schema(schema).execute():
        assert not isinstance(event, events.FatalError), event
        assert not isinstance(event, events.NonFatalError), event
        if isinstance(event, events.ScenarioFinished):
            requests += len(event.recorder.interactions)
            for kind, told in _failures(event.recorder):
                failures.setdefault((event.label or "in a chain", kind), told)
    assert not failures, "\n\n".join(f"{' '.join(key)}\n{told}" for key, told in failures.items())
    assert requests > 500
    print(f"{requests:,} requests")  # noqa: T201 - `make fuzz` shows it


def _failures(recorder: Any) -> Iterator[tuple[str, str]]:
    """The kind of each failure, and what was sent, what came, and what is wrong with it."""
    for identity, checks in recorder.checks.items():
        failed: Sequence[Any] = [check for check in checks if check.failure_info is not None]
        for check in failed:
            failure = check.failure_info.failure
            answer = recorder.interactions[identity].response
            came = f"{answer.status_code} {answer.text[:300]}" if answer else "nothing"
            sent = recorder.cases[identity].value.as_curl_command()[:600]
            yield type(failure).__name__, f"{failure.message}\n{sent}\n{came}"
