"""Fixtures of the browser tests: a real index, the real service, a real browser."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import anyio
import httpx2
import pytest
import uvicorn
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import searchsvc
from indexer.build.assemble import assemble
from indexer.build.progress import Silent
from indexer.build.spool import Spool
from indexer.build.vectorize import EmbeddingCache
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.product import Availability, Price, Product
from indexer.publish import publish, writer
from indexer.settings import IndexSettings
from searchsvc.http.app import create_app
from searchsvc.livedocuments import SEGMENTS
from searchsvc.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from selenium.webdriver.remote.webelement import WebElement
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SOURCES = Path(searchsvc.__file__).parent / "storefront"
KEY = "correct horse battery staple"
_JACKETS = 50
_LINING = ("fleece", "down")
_EVIL = '<img src="x" onerror="window.attacked = true">'
_BROKEN_PICTURE = "no-such-picture.png"
_PATIENCE_SECONDS = 30
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
)


class GoneModel(HashingEmbedder):
    """A model that the build had and the service has not."""

    @property
    def name(self) -> str:
        return "gone-model"


def build(
    data_dir: Path,
    index: str,
    products: Iterable[Product],
    embedder: HashingEmbedder | None = None,
) -> str:
    """Publish an index of `products`, which no feed reader has cleaned; gives the generation."""
    layout = IndexLayout.of(data_dir, index)
    with writer(layout) as staging, closing(Spool(staging / "spool")) as spool:
        for product in products:
            spool.add(product)
        snapshot = staging / "snapshot"
        snapshot.mkdir()
        assemble(
            snapshot,
            spool,
            IndexSettings(),
            embedder or HashingEmbedder(256),
            EmbeddingCache(),
            Silent(),
        )
        return publish(layout, snapshot)


def jacket(number: int, base: str) -> Product:
    return Product(
        id=f"j-{number:03}",
        title=f"Harbour Jacket {number:03} Navy",
        brand="Saltmarsh" if number % 5 else "Quayside",
        description="A warm layer for windy piers.",
        link=f"https://shop.example/jackets/{number}",
        image_link=f"{base}/favicon.svg",
        price=Price(4995 + 100 * number, "USD"),
        availability=Availability.IN_STOCK if number % 2 else Availability.OUT_OF_STOCK,
        product_types=("Clothing > Jackets",),
        attributes={
            "rating": 3 + number % 5 / 2,
            "popularity": number,
            "lining": _LINING[number % 2],
        },
    )


def shirt(colour: str, base: str) -> Product:
    """One of the variants of a shirt."""
    return Product(
        id=f"s-{colour}",
        title=f"Pier Shirt {colour}",
        brand="Quayside",
        image_link=f"{base}/favicon.svg?{colour}",
        price=Price(1900, "USD"),
        color=colour,
        item_group_id="shirt",
        product_types=("Clothing > Shirts",),
    )


def catalogue(base: str) -> list[Product]:
    """Jackets to page through, and one product for each thing that a card can show."""
    return [
        *(jacket(number, base) for number in range(_JACKETS)),
        *(shirt(colour, base) for colour in ("Red", "Blue", "Green")),
        Product(
            id="sale",
            title="Reading Lamp Brass",
            link="https://shop.example/lamp",
            price=Price(2999, "EUR"),
            sale_price=Price(1999, "EUR"),
            availability=Availability.OUT_OF_STOCK,
            product_types=("Home > Lamps",),
        ),
        Product(
            id="later",
            title="Tea Kettle Enamel",
            link="http://shop.example/kettle",
            image_link=f"{base}/{_BROKEN_PICTURE}",
            price=Price(4800, "JPY"),
            availability=Availability.PREORDER,
            availability_date="2031-02-03T10:00+01:00",
        ),
        Product(id="numbered", title="Step Ladder Telescopic", mpn="QX-4711", brand="Rungwell"),
        Product(
            id=f"evil/{_EVIL}",
            title=f"{_EVIL} Marionette & Strings",
            brand="<script>window.attacked = true</script>",
            link="javascript:window.attacked = true",
            image_link="javascript:window.attacked = true",
            price=Price(100, "EUR"),
        ),
    ]


@dataclass
class Delays:
    """Middleware that answers chosen queries late."""

    app: ASGIApp
    seconds: dict[str, float] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = parse_qs(scope.get("query_string", b"").decode()).get("query", [""])[0]
        if asked in self.seconds:
            await anyio.sleep(self.seconds[asked])
        await self.app(scope, receive, send)


@dataclass
class Record:
    """Middleware that keeps what is posted."""

    app: ASGIApp
    posted: list[tuple[str, bytes]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts: list[bytes] = []

        async def listen() -> Message:
            message = await receive()
            parts.append(message.get("body", b""))
            if message["type"] == "http.request" and not message.get("more_body"):
                self.posted.append((scope["path"], b"".join(parts)))
            return message

        posts = scope["type"] == "http" and scope["method"] == "POST"
        await self.app(scope, listen if posts else receive, send)


@dataclass(frozen=True)
class Site:
    """The running service."""

    base: str
    data_dir: Path
    delays: Delays
    record: Record

    def search(self, index: str = "demo", **parameters: str | int) -> dict[str, Any]:
        """What the API itself answers."""
        address = f"{self.base}/v1/indexes/{index}/search"
        answer: dict[str, Any] = httpx2.get(address, params=parameters).raise_for_status().json()
        return answer

    def ask(self, index: str = "demo", **parameters: object) -> dict[str, Any]:
        """What the page is answered, whose hits are groups of variants."""
        address = f"{self.base}/1/indexes/{index}/query"
        widened = {"removeWordsIfNoResults": "allOptional"}
        body = {"distinct": True, "hitsPerPage": 24, **widened, **parameters}
        answer: dict[str, Any] = httpx2.post(address, json=body).raise_for_status().json()
        return answer

    def publish_jackets(self, index: str, numbers: Iterable[int]) -> None:
        """Publish an index of jackets and wait until it is served."""
        generation = build(self.data_dir, index, [jacket(n, self.base) for n in numbers])
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            served = httpx2.get(f"{self.base}/v1/indexes").json()["indexes"]
            if any((one["index"], one["generation"]) == (index, generation) for one in served):
                return
            time.sleep(0.02)
        pytest.fail(f"{generation} of {index} was not served within {_PATIENCE_SECONDS} s")


@contextmanager
def serve(
    data_dir: Path, prepare: Callable[[str], None] = lambda _: None, **changes: Any
) -> Generator[Site]:
    """The service over `data_dir` on a free port; `prepare` is told its address beforehand."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        prepare(base)
        settings = Settings(
            data_dir=data_dir, models_dir=data_dir / "models", poll_seconds=0.05, **changes
        )
        delays = Delays(create_app(settings))
        record = Record(delays)
        server = uvicorn.Server(uvicorn.Config(record, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until = time.monotonic() + _PATIENCE_SECONDS
            while not server.started and thread.is_alive() and time.monotonic() < until:
                time.sleep(0.01)
            assert server.started
            yield Site(base, data_dir, delays, record)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def npm_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's sources with their packages, installed as the lock file says."""
    npm = shutil.which("npm")
    if npm is None:
        if os.environ.get("CI"):
            pytest.fail("npm is not on the PATH; CI must install it")
        pytest.skip("npm is not on the PATH")
    folder = tmp_path_factory.mktemp("npm") / "storefront"
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """Indexes: `demo`, `outlet`, ten `brands` and no sale, `unplugged`, whose model is missing."""
    data_dir = tmp_path_factory.mktemp("data")

    def prepare(base: str) -> None:
        build(data_dir, "demo", catalogue(base))
        build(data_dir, "outlet", [Product(id="o", title="Outlet Scarf")])
        build(
            data_dir,
            "brands",
            [
                Product(
                    id=letter,
                    title=f"Thing {letter}",
                    brand=f"Brand {letter}",
                    price=Price(100 * number, "EUR"),
                )
                for number, letter in enumerate("ABCDEFGHIJ", 1)
            ],
        )
        # Another dimension: a model that is known by its fingerprint needs no file.
        build(data_dir, "unplugged", [jacket(1, base)], GoneModel(64))

    with serve(data_dir, prepare) as running:
        yield running


CLUB = {
    "segments": [
        {
            "name": "quayside",
            "title": "Quayside fans",
            "boosts": [
                {"filter": "brand:Quayside", "weight": 1, "name": "by Quayside"},
                {"filter": "effective_price > 90", "weight": -0.5, "name": "above $90"},
            ],
        },
        {
            "name": "bargains",
            "boosts": [{"filter": "effective_price < 60", "weight": 1, "name": "under $60"}],
        },
        {"name": "closed", "enabled": False},
        {"name": "phones", "title": "On a phone", "when": {"fact": "device", "eq": "mobile"}},
    ]
}
"""Segments of the index `club`."""


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """A service with an administrator's key; its index `club` has segments."""
    data_dir = tmp_path_factory.mktemp("club")

    def prepare(base: str) -> None:
        build(data_dir, "club", [jacket(number, base) for number in range(_JACKETS)])
        layout = IndexLayout.of(data_dir, "club")
        SEGMENTS.file(layout).replace(SEGMENTS.model.model_validate(CLUB))

    with serve(data_dir, prepare, admin_key=KEY) as running:
        yield running


# One for each file: a page that was left with the focus somewhere keeps the keyboard of the next
# page from where that page expects it.
@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Generator[webdriver.Chrome]:
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        reason = "chromium and chromedriver are not on the PATH"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}; CI must install them")
        pytest.skip(reason)
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options, Service(driver))
    yield running
    running.quit()


class Storefront:
    """The page as a shopper sees and uses it."""

    def __init__(self, browser: webdriver.Chrome, site: Site) -> None:
        self.browser = browser
        self.site = site
        self.expected_errors = [_BROKEN_PICTURE]

    def open(self, address: str = "", *, query: str = "") -> None:
        """Open the page; `query` is the one in the address, or the title of the open product."""
        self.browser.get(f"{self.site.base}/{address}")
        self.await_answer(query)

    def type(self, text: str) -> None:
        """Press the keys of `text`, wherever the focus is."""
        webdriver.ActionChains(self.browser).send_keys(text).perform()

    @property
    def box(self) -> WebElement:
        """The search box."""
        return self.one("#search input")

    def search(self, text: str) -> None:
        """Replace what is in the box and wait for the answer."""
        self.box.send_keys(Keys.CONTROL, "a")
        self.box.send_keys(text or Keys.DELETE)
        self.await_answer(text)

    def await_answer(self, query: str) -> None:
        """Wait until the page shows the results of exactly this query."""
        begin = [query] if query else []
        self.await_that(
            lambda: (
                self.browser.title.split(" – ")[:-2] == begin
                and self.browser.title.endswith(" – searchsvc")
                and self.part("results").get_attribute("aria-busy") == "false"
                and self.part("count").text != ""
            )
        )

    def await_that(self, condition: Callable[[], object]) -> None:
        WebDriverWait(self.browser, _PATIENCE_SECONDS, 0.02).until(lambda _: condition())

    def part(self, name: str) -> WebElement:
        return self.browser.find_element(By.ID, name)

    def one(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements, shown or not."""
        found: list[str] = self.script(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector
        )
        return found

    def titles(self) -> list[str]:
        return self.texts(".card .title")

    def focused(self) -> WebElement:
        return self.browser.switch_to.active_element

    def script(self, text: str, *arguments: object) -> Any:
        return self.browser.execute_script(text, *arguments)

    def total(self) -> int:
        """How many products the page says that there are."""
        return int(self.part("count").text.split()[0].replace(",", ""))

    def await_address(self, part: str) -> None:
        """Wait until the address has `part`: it follows what is shown."""
        self.await_that(lambda: part in self.browser.current_url)

    def await_total(self, total: int) -> None:
        self.await_that(lambda: self.part("count").text and self.total() == total)

    def module(self, path: Path, expression: str, *arguments: object) -> Any:
        """The value of `expression` over the module `m` and the array `a` of arguments.

        The module is one of the page's sources that imports nothing. The page's own policy runs
        no code but its own, so it is left for an empty one.
        """
        self.browser.get("about:blank")
        code = base64.b64encode(path.read_bytes()).decode()
        return self.browser.execute_async_script(
            "const done = arguments[arguments.length - 1], a = [...arguments];"
            "document.documentElement.lang = 'en';"
            f"import('data:text/javascript;base64,{code}')"
            f".then((m) => done({expression}), (e) => done(String(e)));",
            *arguments,
        )


@pytest.fixture
def page(chromium: webdriver.Chrome, site: Site) -> Generator[Storefront]:
    """The storefront; the test fails if the browser's console reports an unexpected error."""
    yield from _storefront(chromium, site)


@pytest.fixture
def club_page(chromium: webdriver.Chrome, club: Site) -> Generator[Storefront]:
    """The storefront of the service with segments, in a browser that nobody has used."""
    chromium.get(f"{club.base}/favicon.svg")
    chromium.execute_script("localStorage.clear(); sessionStorage.clear()")
    club.record.posted.clear()
    yield from _storefront(chromium, club)


@pytest.fixture
def private_page(chromium: webdriver.Chrome, tmp_path: Path) -> Generator[Storefront]:
    """The storefront of a service of its own, without any index."""
    with serve(tmp_path) as running:
        yield from _storefront(chromium, running)


def _storefront(chromium: webdriver.Chrome, site: Site) -> Generator[Storefront]:
    chromium.get("about:blank")
    chromium.get_log("browser")  # forget what an earlier test left
    storefront = Storefront(chromium, site)
    yield storefront
    site.delays.seconds.clear()
    for command in ("Emulation.clearDeviceMetricsOverride", "Emulation.setEmulatedMedia"):
        chromium.execute_cdp_cmd(command, {})
    errors = [
        entry["message"]
        for entry in chromium.get_log("browser")
        if entry["level"] in {"SEVERE", "WARNING"}
        and not any(expected in entry["message"] for expected in storefront.expected_errors)
    ]
    chromium.get("about:blank")  # closes the connections, so that the service can stop
    assert errors == []
