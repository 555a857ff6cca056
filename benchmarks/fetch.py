"""The published files of a test collection, downloaded to a directory."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import httpx2

from benchmarks.errors import FetchError
from benchmarks.formats import esci, wands
from indexer.durable import flush, write_durably

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SILENCE_SECONDS = 60.0
_LFS_POINTER = b"version https://git-lfs"
_FLUSH_BYTES = 1 << 20


class ByteProgress(Protocol):
    """What is told about bytes on their way."""

    def start(self, name: str, done: int, total: int | None) -> None:
        """A file begins, of which `done` bytes were there; `total` bytes if the server told."""
        ...

    def advance(self, amount: int) -> None:
        """So many more bytes are there."""
        ...


@dataclass(frozen=True, slots=True)
class Publication:
    """Where a collection is published.

    Attributes:
        base_url: of the files, without the last slash.
        files: their names.
        license: for people.
    """

    base_url: str
    files: tuple[str, ...]
    license: str


PUBLICATIONS: Mapping[str, Publication] = MappingProxyType(
    {
        "wands": Publication(
            "https://raw.githubusercontent.com/wayfair/WANDS/main/dataset", wands.FILES, "MIT"
        ),
        "esci": Publication(
            # The files are in Git LFS: the raw address would send pointers to them.
            "https://media.githubusercontent.com/media/amazon-science/esci-data/main"
            "/shopping_queries_dataset",
            (esci.EXAMPLES_FILE, esci.PRODUCTS_FILE),
            "Apache-2.0",
        ),
    }
)


def fetch(
    publication: Publication, directory: Path, progress: ByteProgress, base_url: str | None = None
) -> list[Path]:
    """Download what `directory` lacks of a publication.

    A file appears under its name only when it is complete. What an interrupted download left is
    continued if the server still has the same version of the file, else begun anew.

    Args:
        publication: one of `PUBLICATIONS`.
        directory: made if it does not exist.
        progress: told about every file that is downloaded.
        base_url: of a mirror with files of the same names.

    Returns:
        The files that were downloaded; those that were there already are kept.

    Raises:
        FetchError: a file cannot be reached, or what comes is not the file.
    """
    directory.mkdir(parents=True, exist_ok=True)
    fetched = []
    with httpx2.Client(timeout=_SILENCE_SECONDS, follow_redirects=True) as client:
        for name in publication.files:
            path = directory / name
            if not path.exists():
                url = f"{(base_url or publication.base_url).rstrip('/')}/{name}"
                _Download(client, url, path).run(progress)
                fetched.append(path)
    return fetched


class _Download:
    """One file on its way, beside its final place."""

    def __init__(self, client: httpx2.Client, url: str, path: Path) -> None:
        self._client = client
        self._url = url
        self._path = path
        self._part = path.with_name(f".{path.name}.part")
        self._version = path.with_name(f".{path.name}.version")

    def run(self, progress: ByteProgress) -> None:
        with self._response() as response:
            done = self._start(response)
            length = response.headers.get("content-length", "")
            # A body that is shorter than its stated length is an error of the HTTP library.
            total = done + int(length) if length.isdecimal() else None
            progress.start(self._path.name, done, total)
            with self._part.open("ab" if done else "wb") as file:
                for chunk in response.iter_raw(_FLUSH_BYTES):
                    file.write(chunk)
                    progress.advance(len(chunk))
        self._check()
        flush(self._part)
        self._part.replace(self._path)
        self._version.unlink(missing_ok=True)
        flush(self._path.parent)

    @contextmanager
    def _response(self) -> Iterator[httpx2.Response]:
        """The server's answer: the whole file, or what is missing of the part."""
        # Compressed transfer would make lengths and ranges count other bytes than the file's.
        headers = {"Accept-Encoding": "identity"}
        done = self._part.stat().st_size if self._part.exists() else 0
        version = self._version.read_text("utf-8") if self._version.exists() else ""
        if done and version:
            headers |= {"Range": f"bytes={done}-", "If-Range": version}
        try:
            with self._client.stream("GET", self._url, headers=headers) as response:
                if response.status_code == httpx2.codes.RANGE_NOT_SATISFIABLE:
                    self._part.unlink()
                    raise FetchError(
                        f"{self._url}: the part that was there is longer than the file; it is "
                        "removed, run the command again"
                    )
                if response.status_code not in {httpx2.codes.OK, httpx2.codes.PARTIAL_CONTENT}:
                    raise FetchError(
                        f"{self._url} answered {response.status_code} {response.reason_phrase}, "
                        "expected 200 OK; name a mirror with --base-url"
                    )
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise FetchError(
                        f"{self._url} is sent compressed, expected the file's own bytes; name "
                        "another address with --base-url"
                    )
                yield response
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise FetchError(
                f"{self._url} cannot be fetched ({str(error) or type(error).__name__}); check the "
                "network and run the command again, name a mirror with --base-url, or put the "
                f"file into {self._path.parent} yourself"
            ) from error

    def _start(self, response: httpx2.Response) -> int:
        """How many bytes of the part are kept; notes the version that is to come."""
        if response.status_code == httpx2.codes.PARTIAL_CONTENT:
            done = self._part.stat().st_size
            if response.headers.get("content-range", "").startswith(f"bytes {done}-"):
                return done
            raise FetchError(
                f"{self._url} sent {response.headers.get('content-range', 'no range')!r}, "
                f"expected the bytes from {done}; remove {self._part} and run the command again"
            )
        etag = response.headers.get("etag", "")
        # A weak validator does not promise the same bytes, which a continued file needs.
        write_durably(self._version, b"" if etag.startswith("W/") else etag.encode())
        return 0

    def _check(self) -> None:
        with self._part.open("rb") as file:
            beginning = file.read(len(_LFS_POINTER))
        if not beginning or beginning == _LFS_POINTER:
            what = "a Git LFS pointer" if beginning else "an empty file"
            self._part.unlink()
            raise FetchError(
                f"{self._url} is {what}, expected the file itself; name another address with "
                "--base-url"
            )
