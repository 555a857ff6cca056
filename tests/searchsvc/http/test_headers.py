"""What browsers are told of each kind of answer."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from searchsvc.http.app import create_app
from searchsvc.settings import Settings

DATA = "default-src 'none'; frame-ancestors 'none'"
PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src * data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PICTURE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
KINDS = [  # path, content security policy, cache control, resource policy, is it a page
    ("/v1/indexes", DATA, "no-store", "cross-origin", False),
    ("/v1/indexes/none/search", DATA, "no-store", "cross-origin", False),
    ("/1/indexes/none", DATA, "no-store", "cross-origin", False),
    ("/healthz", DATA, "no-store", "same-origin", False),
    ("/readyz", DATA, "no-store", "same-origin", False),
    ("/metrics", DATA, "no-store", "same-origin", False),
    ("/openapi.json", DATA, "no-store", "same-origin", False),
    ("/no/such/thing", DATA, "no-store", "same-origin", False),
    ("/", PAGE, "no-cache", "same-origin", True),
    ("/preview.html", PAGE, "no-cache", "same-origin", True),
    ("/storefront.js", PAGE, "no-cache", "same-origin", False),
    ("/sample/image/jacket/1f3a5f.svg", PICTURE, "public, max-age=86400", "cross-origin", False),
]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(data_dir=tmp_path, models_dir=tmp_path))) as client:
        yield client


@pytest.mark.parametrize(("path", "policy", "caching", "resource", "is_page"), KINDS)
def test_each_kind_of_answer_has_its_headers(
    client: TestClient, path: str, policy: str, caching: str, resource: str, *, is_page: bool
) -> None:
    headers = client.get(path).headers
    assert headers.get_list("X-Content-Type-Options") == ["nosniff"]
    assert headers.get_list("X-Frame-Options") == ["DENY"]
    assert headers.get_list("Referrer-Policy") == ["same-origin"]
    assert headers.get_list("Content-Security-Policy") == [policy]
    assert headers.get_list("Cache-Control") == [caching]
    assert headers.get_list("Cross-Origin-Resource-Policy") == [resource]
    assert ("Cross-Origin-Opener-Policy" in headers) == is_page
    assert ("Permissions-Policy" in headers) == is_page
    assert "Strict-Transport-Security" not in headers


def test_over_https_browsers_are_told_to_stay_there(client: TestClient) -> None:
    response = client.get("https://shop.example/healthz")
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_documentation_may_run_its_own_scripts_and_no_others(
    client: TestClient, path: str
) -> None:
    response = client.get(path)
    policy = response.headers["Content-Security-Policy"]
    scripts = re.findall(rb"<script>(.*?)</script>", response.content, re.DOTALL)
    for script in scripts:
        assert f"'sha256-{b64encode(sha256(script).digest()).decode()}'" in policy
    assert policy.count("'sha256-") == len(scripts)
    assert "script-src 'self'" in policy
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_what_lies_below_the_documentation_s_path_and_is_no_page_is_data(
    client: TestClient,
) -> None:
    headers = client.get("/docs/nothing").headers
    assert headers["Content-Security-Policy"] == DATA
