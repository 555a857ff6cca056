from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from benchmarks.errors import FetchError
from benchmarks.fetch import PUBLICATIONS, Publication, fetch
from benchmarks.formats import esci, wands

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = bytes(range(256)) * 20_000
PUBLISHED = Publication("http://127.0.0.1:1", ("a.csv", "b.csv"), "MIT")


class Shelf:
    """What the test server has, and how it behaves."""

    def __init__(self) -> None:
        self.files = {"/a.csv": CONTENT, "/b.csv": b"b"}
        self.etag = '"1"'
        self.cut_after: int | None = None
        self.encoding = ""
        self.wrong_range = False
        self.asked: list[tuple[str, str]] = []
        self.url = ""


class Handler(BaseHTTPRequestHandler):
    shelf: Shelf

    def do_GET(self) -> None:
        shelf = self.shelf
        asked = self.headers.get("Range", "")
        shelf.asked.append((self.path, asked))
        content = shelf.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        begin = 0
        if asked and self.headers.get("If-Range") == shelf.etag:
            begin = int(asked.removeprefix("bytes=").removesuffix("-"))
        if begin and begin >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if begin else 200)
        if begin:
            first = 0 if shelf.wrong_range else begin
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if shelf.encoding:
            self.send_header("Content-Encoding", shelf.encoding)
        self.send_header("ETag", shelf.etag)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        self.wfile.write(content[begin : shelf.cut_after])

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@contextmanager
def _serving(shelf: Shelf) -> Iterator[None]:
    handler = type("ShelfHandler", (Handler,), {"shelf": shelf})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        shelf.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    shelf = Shelf()
    with _serving(shelf):
        yield shelf


class Counted:
    """A progress that keeps what it was told."""

    def __init__(self) -> None:
        self.started: list[tuple[str, int, int | None]] = []
        self.amount = 0

    def start(self, name: str, done: int, total: int | None) -> None:
        self.started.append((name, done, total))

    def advance(self, amount: int) -> None:
        self.amount += amount


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_files_are_downloaded_whole(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    progress = Counted()
    fetched = fetch(PUBLISHED, folder, progress, shelf.url + "/")
    assert fetched == [folder / "a.csv", folder / "b.csv"]
    assert (folder / "a.csv").read_bytes() == CONTENT
    assert names(folder) == ["a.csv", "b.csv"]
    assert progress.started == [("a.csv", 0, len(CONTENT)), ("b.csv", 0, 1)]
    assert progress.amount == len(CONTENT) + 1


def test_files_that_are_there_are_kept(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"mine")
    assert fetch(PUBLISHED, tmp_path, Counted(), shelf.url) == [tmp_path / "b.csv"]
    assert (tmp_path / "a.csv").read_bytes() == b"mine"
    assert shelf.asked == [("/b.csv", "")]


def interrupt(shelf: Shelf, folder: Path) -> int:
    shelf.cut_after = 3 << 20
    with pytest.raises(FetchError, match=r"a\.csv cannot be fetched .* run the command again"):
        fetch(PUBLISHED, folder, Counted(), shelf.url)
    shelf.cut_after = None
    shelf.asked.clear()
    assert "a.csv" not in names(folder)
    return (folder / ".a.csv.part").stat().st_size


def test_an_interrupted_download_is_continued(shelf: Shelf, tmp_path: Path) -> None:
    done = interrupt(shelf, tmp_path)
    assert done > 0
    progress = Counted()
    fetch(PUBLISHED, tmp_path, progress, shelf.url)
    assert shelf.asked[0] == ("/a.csv", f"bytes={done}-")
    assert progress.started[0] == ("a.csv", done, len(CONTENT))
    assert (tmp_path / "a.csv").read_bytes() == CONTENT
    assert names(tmp_path) == ["a.csv", "b.csv"]


def test_another_version_is_begun_anew(shelf: Shelf, tmp_path: Path) -> None:
    interrupt(shelf, tmp_path)
    shelf.etag = '"2"'
    shelf.files["/a.csv"] = CONTENT[::-1]
    fetch(PUBLISHED, tmp_path, Counted(), shelf.url)
    assert (tmp_path / "a.csv").read_bytes() == CONTENT[::-1]


def test_a_version_that_is_only_alike_is_not_continued(shelf: Shelf, tmp_path: Path) -> None:
    shelf.etag = 'W/"1"'
    interrupt(shelf, tmp_path)
    fetch(PUBLISHED, tmp_path, Counted(), shelf.url)
    assert shelf.asked[0] == ("/a.csv", "")
    assert (tmp_path / "a.csv").read_bytes() == CONTENT


def test_a_part_that_is_longer_than_the_file_is_removed(shelf: Shelf, tmp_path: Path) -> None:
    interrupt(shelf, tmp_path)
    shelf.files["/a.csv"] = b"short"
    with pytest.raises(FetchError, match="longer than the file; it is removed"):
        fetch(PUBLISHED, tmp_path, Counted(), shelf.url)
    fetch(PUBLISHED, tmp_path, Counted(), shelf.url)
    assert (tmp_path / "a.csv").read_bytes() == b"short"


def test_a_wrong_range_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    done = interrupt(shelf, tmp_path)
    shelf.wrong_range = True
    with pytest.raises(FetchError, match=f"sent 'bytes 0-.*expected the bytes from {done}"):
        fetch(PUBLISHED, tmp_path, Counted(), shelf.url)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer"),
        (b"", "an empty file"),
    ],
)
def test_what_is_not_the_file_is_refused(
    shelf: Shelf, tmp_path: Path, content: bytes, message: str
) -> None:
    shelf.files["/a.csv"] = content
    with pytest.raises(FetchError, match=message):
        fetch(PUBLISHED, tmp_path, Counted(), shelf.url)
    assert "a.csv" not in names(tmp_path)


def test_a_file_that_is_not_there_is_named(shelf: Shelf, tmp_path: Path) -> None:
    del shelf.files["/a.csv"]
    with pytest.raises(FetchError, match=r"/a\.csv answered 404 .*--base-url"):
        fetch(PUBLISHED, tmp_path, Counted(), shelf.url)


def test_a_compressed_answer_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    shelf.encoding = "gzip"
    with pytest.raises(FetchError, match="sent compressed"):
        fetch(PUBLISHED, tmp_path, Counted(), shelf.url)


def test_without_a_network_the_remedies_are_named(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"cannot be fetched .*network.*--base-url.*yourself"):
        fetch(PUBLISHED, tmp_path, Counted())


def test_what_is_fetched_is_what_the_formats_read() -> None:
    assert PUBLICATIONS["wands"].files == wands.FILES
    assert PUBLICATIONS["esci"].files == (esci.EXAMPLES_FILE, esci.PRODUCTS_FILE)
    assert all(found.base_url.startswith("https://") for found in PUBLICATIONS.values())
