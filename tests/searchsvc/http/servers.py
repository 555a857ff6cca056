"""The real server in processes of its own, over an index of shoes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import orjson
from prometheus_client.parser import text_string_to_metric_families

from indexer.build.reindex import reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from tests.searchsvc.eventually import eventually

COMMAND = Path(sys.executable).with_name("searchsvc")
SEARCH = "/v1/indexes/shop/search"


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    url: str

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, timeout=30)

    def count(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples with these labels."""
        with self.client() as client:
            text = client.get("/metrics").text
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


def publish(
    data_dir: Path,
    feed: Path,
    edition: int,
    count: int = 300,
    more: Callable[[int], dict[str, Any]] = lambda _: {},
) -> str:
    """Publish an edition of the shoes; `more` says what else is known of each."""
    records = (
        {"id": f"p{n:04}", "title": f"shoe {n}", "edition": f"v{edition}"} | more(n)
        for n in range(count)
    )
    feed.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    layout = IndexLayout.of(data_dir, "shop")
    return reindex(str(feed), layout, IndexSettings(), HashingEmbedder(256)).generation


def next_answer(connection: socket.socket) -> bytes:
    """One answer of a connection that stays open."""
    found = b""
    while b"\r\n\r\n" not in found:
        part = connection.recv(65_536)
        assert part, found
        found += part
    head, _, body = found.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


@contextmanager
def serving(data_dir: Path, workers: int, **changes: str) -> Iterator[Server]:
    """``searchsvc serve``; `changes` are environment variables."""
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SEARCHSVC_")}
    environment |= {
        "SEARCHSVC_POLL_SECONDS": "0.2",
        "SEARCHSVC_EMBED_TIMEOUT_MS": "60000",
        "SEARCHSVC_MODELS_DIR": str(data_dir / "no-models"),
        **changes,
    }
    command = [str(COMMAND), "serve", "--data-dir", str(data_dir)]
    options = ["--workers", str(workers), "--port", str(port)]
    with (data_dir / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *options], env=environment, stdout=subprocess.DEVNULL, stderr=log
        )
    try:
        server = Server(process, f"http://127.0.0.1:{port}")
        eventually(lambda: _answers(server.url) or process.poll() is not None)
        assert process.poll() is None, (data_dir / "server.log").read_text()
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)
