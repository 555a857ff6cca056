"""Clients of a soak: each asks again and again in its way, and says what answers must be."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2

from indexer.errors import IndexerError
from tests.searchsvc.http.servers import SEARCH, Server, publish

KEY = "correct horse battery staple"
COUNT = 400
"""Products of the catalogue; none is ever removed."""
_SHED = 503
_TRUE_OF_PAGES = 20  # every so many searches all pages are walked
_BAD = (
    ("POST", SEARCH, b"{"),
    ("POST", SEARCH, b'{"limit": -1}'),
    ("POST", SEARCH, b'{"filters": "((("}'),
    ("POST", SEARCH, b'{"query": "' + b"x" * 300_000 + b'"}'),
    ("GET", "/v1/indexes/nothing/search", b""),
    ("GET", "/v1/indexes/shop/products/nothing", b""),
    ("POST", "/v1/events", b'{"events": 1}'),
    ("POST", "/1/indexes/*/queries", b"[]"),
    ("PUT", "/v1/indexes/shop/synonyms", b"{}"),
    ("PATCH", "/v1/indexes/shop/products", b"{}"),
    ("BREW", "/", b""),
)


@dataclass
class Report:
    """What came of a soak.

    Attributes:
        counts: requests by who asked and what the status was.
        wrong: what was not as it must be.
        acknowledged: ids of events that the service said it has.
        published: generations, deltas and reindexes.
    """

    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    published: Counter[str] = field(default_factory=Counter)

    def total(self) -> int:
        return sum(self.counts.values())


class Soak:
    """The clients of one server."""

    def __init__(self, server: Server, data_dir: Path, report: Report) -> None:
        self._server = server
        self._data_dir = data_dir
        self._report = report
        self._stop = threading.Event()
        kinds: list[Callable[[], None]] = [
            self._search,
            self._search,
            self._search,
            self._suggest,
            self._look_up,
            self._send_events,
            self._ask_badly,
            self._dawdle,
            self._write,
        ]
        self._threads = [threading.Thread(target=self._guarded(kind)) for kind in kinds]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _guarded(self, kind: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                kind()
            except Exception as error:  # noqa: BLE001 - the test tells of it
                self._report.wrong.append(f"{kind.__name__}: {error!r}")

        return run

    def _ask(self, client: httpx2.Client, who: str, *args: Any, **kwargs: Any) -> httpx2.Response:
        """Ask once; shedding is a right of the service."""
        response = client.request(*args, **kwargs)
        self._report.counts[who, response.status_code] += 1
        if response.status_code == _SHED:
            self._expect("Retry-After" in response.headers, response.text)
        elif response.status_code >= 500:
            self._report.wrong.append(f"{who}: {response.status_code} {response.text[:300]}")
        return response

    def _expect(self, holds: bool, what: object) -> None:  # noqa: FBT001 - it reads as it should
        if not holds:
            self._report.wrong.append(str(what)[:300])

    def _search(self) -> None:
        chance = random.Random(threading.get_ident())  # noqa: S311 - no secret
        asked = 0
        with self._server.client() as client:
            while not self._stop.is_set():
                text = chance.choice(["shoe", "red shoe", "hat 7", "lamp", "coats", "", "xyzzy"])
                body: dict[str, Any] = {"query": text, "facets": ["brand"], "limit": 50}
                if chance.random() < 0.3:
                    body["filters"] = f"price < {chance.randrange(1, COUNT)}"
                asked += 1
                if asked % _TRUE_OF_PAGES:
                    answer = self._ask(client, "search", "POST", SEARCH, json=body)
                    if answer.status_code == 200:
                        found = answer.json()
                        self._expect(len(found["hits"]) == min(50, found["total"]), found)
                        self._expect(not found["degraded"], found["degraded"])
                else:
                    self._walk(client, body)

    def _walk(self, client: httpx2.Client, body: dict[str, Any]) -> None:
        """All pages of a query are all that it promised, once each; on one generation."""
        seen: list[str] = []
        generations: set[str] = set()
        while True:
            page = self._ask(client, "page", "POST", SEARCH, json=body | {"offset": len(seen)})
            if page.status_code != 200:
                return
            found = page.json()
            generations.add(found["generation"])
            if len(generations) > 1:
                return
            seen.extend(hit["id"] for hit in found["hits"])
            if not found["hits"]:
                break
        self._expect(len(seen) == len(set(seen)) == found["total"], (len(seen), found["total"]))
        brands = sum(value["count"] for value in found["facets"][0]["values"])
        self._expect(brands == found["total"], f"{brands} by brand, {found['total']} in all")

    def _suggest(self) -> None:
        with self._server.client() as client:
            while not self._stop.wait(0.01):
                for typed in ("s", "sh", "shoe", "ha", "red c"):
                    path = "/v1/indexes/shop/suggest"
                    answer = self._ask(client, "suggest", "GET", path, params={"q": typed})
                    self._expect(answer.status_code in (200, _SHED), answer.text)

    def _look_up(self) -> None:
        with self._server.client() as client:
            while not self._stop.wait(0.01):
                name = f"p{random.randrange(COUNT):04}"  # noqa: S311 - no secret
                answer = self._ask(client, "product", "GET", f"/v1/indexes/shop/products/{name}")
                self._expect(answer.status_code == 200 and answer.json()["id"] == name, answer)

    def _send_events(self) -> None:
        number = 0
        with self._server.client() as client:
            while not self._stop.wait(0.005):
                ids = [f"e{number}-{part}" for part in range(3)]
                number += 1
                body = {
                    "consent": True,
                    "user_token": f"shopper-{number % 50}",
                    "index": "shop",
                    "events": [
                        {"id": one, "type": "click", "items": [{"id": "p0001"}]} for one in ids
                    ],
                }
                answer = self._ask(client, "events", "POST", "/v1/events", json=body)
                if answer.status_code == 200:
                    self._report.acknowledged.extend(ids)
                else:
                    self._expect(answer.status_code == _SHED, answer.text)

    def _ask_badly(self) -> None:
        with self._server.client() as client:
            while not self._stop.wait(0.02):
                for method, path, body in _BAD:
                    headers = {"Content-Type": "application/json"}
                    answer = self._ask(client, "bad", method, path, content=body, headers=headers)
                    self._expect(400 <= answer.status_code < 500, (path, answer.status_code))

    def _dawdle(self) -> None:
        """Many connections that say nothing, half of it, or do not listen."""
        host, port = self._server.url.removeprefix("http://").split(":")
        head = f"POST {SEARCH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        parts = (
            "",
            "GET / HTT",
            f"{head}Content-Length: 90\r\n\r\n{{",
            f"{head}\r\n" * 9,
            "\r\n\r\n",
        )
        while not self._stop.is_set():
            held = []
            for number in range(30):
                connection = socket.create_connection((host, int(port)), timeout=30)
                connection.sendall(parts[number % len(parts)].encode())
                held.append(connection)
            self._stop.wait(1.5)
            for connection in held:
                connection.close()

    def _write(self) -> None:
        """Deltas by HTTP and, every fourth time, another generation by a reindex beside."""
        edition = 0
        headers = {"Authorization": f"Bearer {KEY}"}
        with self._server.client() as client:
            while not self._stop.wait(0.5):
                edition += 1
                if edition % 4 == 0:
                    try:
                        self._publish(edition)
                        self._report.published["reindex"] += 1
                    except IndexerError as error:
                        self._report.wrong.append(repr(error))
                    continue
                names = [f"p{number:04}" for number in range(edition % 7, COUNT, 41)]
                changes = [{"id": name, "price": f"{edition % COUNT} EUR"} for name in names]
                answer = self._ask(
                    client,
                    "delta",
                    "PATCH",
                    "/v1/indexes/shop/products",
                    json={"products": changes},
                    headers=headers,
                    timeout=60,
                )
                self._expect(answer.status_code in (200, _SHED), answer.text)
                if answer.status_code == 200:
                    self._report.published["delta"] += 1

    def _publish(self, edition: int) -> None:
        build(self._data_dir, edition)


def build(data_dir: Path, edition: int) -> None:
    """Publish an edition of the catalogue."""
    publish(data_dir, data_dir.parent / "feed.jsonl", edition, COUNT, more=_more)


def _more(number: int) -> dict[str, Any]:
    thing = ("shoe", "hat", "coat", "lamp")[number % 4]
    return {
        "title": f"{('red', 'blue')[number % 2]} {thing} {number}",
        "brand": f"brand {number % 5}",
        "price": f"{number + 1} EUR",
    }


def wait(seconds: float, report: Report) -> None:
    """Let the clients go on for so long, or until something is wrong."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(report.wrong) < 20:
        time.sleep(0.1)
