"""Fixtures of the conformance tests: the service, the stock clients, a browser."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import chromium, serve
from tests.conformance.catalogue import Catalogue
from tests.conformance.javascript import Client, Node, Page, node
from tests.conformance.results_page import ResultsPage
from tests.conformance.table import Table
from tests.conformance.toolchain import bundle_pages, install_clients

if TYPE_CHECKING:
    from collections.abc import Generator

    from selenium.webdriver import Chrome

    from tests.browser.conftest import Site

__all__ = ["chromium"]


_TABLE = pytest.StashKey[Table]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "row(part, checked): a row of docs/conformance.md")
    config.stash[_TABLE] = Table()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        config.stash[_TABLE].expect(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" or not report.passed:
        item.config.stash[_TABLE].record(item, report.outcome)
    return report


@pytest.fixture
def conformance_table(pytestconfig: pytest.Config) -> Table:
    """What the tests have seen so far."""
    return pytestconfig.stash[_TABLE]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue()


@pytest.fixture(scope="session")
def service(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """The real service over the sample catalogue."""
    data_dir = tmp_path_factory.mktemp("conformance")
    catalogue.publish(data_dir)
    with serve(data_dir) as running:
        yield running


@pytest.fixture(scope="session")
def installed() -> None:
    """The clients are there."""
    install_clients()


@pytest.fixture(scope="session")
def pages(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """Where the pages are: another origin than the service's, as a shop's page has."""
    del installed
    folder = tmp_path_factory.mktemp("pages")
    bundle_pages(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def in_node(installed: None, service: Site) -> Generator[Node]:
    del installed
    with node(service.base) as running:
        yield running


@pytest.fixture(scope="module")
def console(chromium: Chrome) -> Generator[Chrome]:
    """The browser; the module fails if its console has a warning at the end."""
    chromium.get_log("browser")  # forget what was before
    yield chromium
    entries = chromium.get_log("browser")
    said = [e["message"] for e in entries if e["level"] in {"SEVERE", "WARNING"}]
    chromium.get("about:blank")
    assert said == []


@pytest.fixture(scope="module")
def in_chromium(chromium: Chrome, pages: str, service: Site) -> Generator[Page]:
    chromium.get(f"{pages}/browser.html?service={service.base}")
    yield Page(chromium)
    chromium.get("about:blank")  # closes the connections, so that the service can stop


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Client:
    """The client that the parameter names: its package, and where it runs."""
    name, place = request.param
    return Client(name, request.getfixturevalue(f"in_{place}"))


@pytest.fixture
def page(
    request: pytest.FixtureRequest, console: Chrome, pages: str, service: Site
) -> ResultsPage:
    """The search page of the flavour that the parameter names, freshly opened."""
    return ResultsPage(console, f"{pages}/{request.param}.html?service={service.base}")
