from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest

from indexer.build.reindex import ReindexOptions, reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.errors import FeedRefusedError, FeedTruncatedError, SnapshotFormatError
from indexer.layout import IndexLayout
from indexer.lexical.clause import plain_clauses
from indexer.manifest import MANIFEST_FILE
from indexer.publish import rollback
from indexer.settings import EmbeddingSettings, IndexSettings
from indexer.snapshot import VECTORS_FILE, open_snapshot, verify
from indexer.storage import read_arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from numpy.typing import NDArray

    from tests.conftest import Build


def records(count: int, title: str = "red shoe") -> list[dict[str, Any]]:
    return [{"id": f"p{number}", "title": f"{title} {number}"} for number in range(count)]


class CountingEmbedder(HashingEmbedder):
    """Remembers which texts it was asked for."""

    def __init__(self, dimension: int = 64) -> None:
        super().__init__(dimension)
        self.seen: list[str] = []

    def embed_documents(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        self.seen.extend(texts)
        return super().embed_documents(texts, progress=progress)


class Recorder:
    def __init__(self) -> None:
        self.stages: dict[str, list[int | None]] = {}
        self._stage = ""

    def start(self, stage: str, total: int | None) -> None:
        self._stage = stage
        self.stages[stage] = [total, 0]

    def advance(self, amount: int) -> None:
        entry = self.stages[self._stage]
        entry[1] = (entry[1] or 0) + amount


def test_a_second_reindex_of_the_same_feed_embeds_nothing(build: Build) -> None:
    embedder = CountingEmbedder()
    assert build(records(30), embedder=embedder).embedded == 30
    embedder.seen.clear()
    report = build(records(30), embedder=embedder)
    assert report.embedded == 0
    assert embedder.seen == []


def test_only_changed_texts_are_embedded_and_equal_ones_once(
    build: Build, layout: IndexLayout
) -> None:
    embedder = CountingEmbedder()
    build(records(30), embedder=embedder)
    embedder.seen.clear()
    feed = records(30)
    feed[3]["title"] = feed[4]["title"] = "green boot"
    feed[5]["price"] = "9.00 EUR"
    assert build(feed, embedder=embedder).embedded == 1
    assert embedder.seen == ["green boot"]
    snapshot = open_snapshot(layout)
    vectors = read_arrays(layout.generation_dir(snapshot.generation) / VECTORS_FILE)
    for product_id in ("p3", "p4"):
        row = snapshot.products.row(product_id)
        expected = embedder.embed_query("green boot").astype(np.float16)
        np.testing.assert_array_equal(vectors.array("vectors")[row], expected)


def test_a_build_from_the_cache_is_the_same_to_the_byte(build: Build, data_dir: Path) -> None:
    build(records(25), "one")
    second = build(records(26)[1:], "one")
    fresh = build(records(26)[1:], "two")
    one = IndexLayout.of(data_dir, "one").generation_dir(second.generation)
    two = IndexLayout.of(data_dir, "two").generation_dir(fresh.generation)
    for path in two.iterdir():
        assert (one / path.name).read_bytes() == path.read_bytes(), path.name


def test_after_a_rollback_the_vectors_of_both_generations_are_known(
    build: Build, layout: IndexLayout
) -> None:
    build(records(30, "boot"))
    build(records(30, "hat"))
    rollback(layout)
    assert build([*records(30, "boot")[:20], *records(30, "hat")[20:]]).embedded == 0


def test_an_upgrade_of_the_format_or_the_analysis_embeds_nothing(
    build: Build, layout: IndexLayout
) -> None:
    build(records(30))
    path = layout.generation_dir(layout.require_current()) / MANIFEST_FILE
    manifest = orjson.loads(path.read_bytes())
    path.write_bytes(
        orjson.dumps(
            {**manifest, "format_version": 1, "analysis_version": 1, "gone_since": [1, 2]}
        )
    )
    with pytest.raises(SnapshotFormatError):
        open_snapshot(layout)
    assert build(records(30)).embedded == 0
    assert len(open_snapshot(layout).products) == 30


def test_another_model_or_a_damaged_cache_embeds_everything(
    build: Build, layout: IndexLayout
) -> None:
    build(records(30))
    assert build(records(30), embedder=HashingEmbedder(32)).embedded == 30
    generation = layout.generation_dir(layout.require_current())
    path = generation / VECTORS_FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert build(records(30), embedder=HashingEmbedder(32)).embedded == 30
    assert verify(layout, layout.require_current()) == []


def test_the_same_index_is_not_published_twice_unless_that_repairs_it(
    build: Build, layout: IndexLayout
) -> None:
    first = build(records(30))
    again = build(records(30)[::-1])
    assert (again.generation, again.unchanged) == (first.generation, True)
    path = layout.generation_dir(first.generation) / VECTORS_FILE
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    repaired = build(records(30))
    assert (repaired.generation != first.generation, repaired.unchanged) == (True, False)
    assert verify(layout, repaired.generation) == []


def test_bad_records_cost_themselves_and_are_all_listed(build: Build) -> None:
    feed: list[dict[str, Any]] = records(5)
    feed += [{"id": "x1"}, {"title": "no id"}, {"id": "x2", "title": "t", "price": "much"}]
    report = build(feed)
    assert report.products == 5
    assert report.rejected == 3
    assert sum(report.rejections.values()) == 3
    lines = Path(report.rejections_file).read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert [entry["position"] for entry in entries] == [6, 7, 8]
    assert entries[2]["field"] == "price"
    assert entries[2]["value"] == "much"
    assert entries[2]["product_id"] == "x2"


def test_of_duplicates_the_last_one_wins_and_is_reported(
    build: Build, layout: IndexLayout
) -> None:
    report = build([*records(4), {"id": "p1", "title": "the last one"}])
    assert report.products == 4
    assert report.duplicates == 1
    entry = json.loads(Path(report.rejections_file).read_text())
    assert (entry["kind"], entry["product_id"], entry["position"]) == ("duplicate", "p1", 5)
    snapshot = open_snapshot(layout)
    row = snapshot.products.row("p1")
    assert row is not None
    assert json.loads(snapshot.products.json(row))["title"] == "the last one"
    assert len(snapshot.lexical.match(plain_clauses(["last"]))) == 1


@pytest.mark.parametrize("feed", [[], [{"title": "no id"}]])
def test_an_empty_feed_is_refused_even_by_force(
    build: Build, layout: IndexLayout, feed: list[dict[str, Any]]
) -> None:
    generation = build(records(5)).generation
    for force in (False, True):
        with pytest.raises(FeedRefusedError, match="no usable product"):
            build(feed, force=force)
    assert layout.require_current() == generation
    refused = layout.reports_dir / "refused.rejections.jsonl"
    assert refused.exists() == bool(feed)


def test_a_feed_that_shrinks_the_catalogue_too_much_needs_force(
    build: Build, layout: IndexLayout
) -> None:
    build(records(100))
    assert build(records(70)).products == 70
    generation = layout.require_current()
    with pytest.raises(FeedRefusedError, match="48 usable products.*70.*--force"):
        build(records(48))
    assert layout.require_current() == generation
    report = build(records(48), force=True)
    assert report.products == 48
    assert "shrink" in report.forced[0]


def test_a_truncated_feed_is_refused_and_forced(layout: IndexLayout, tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl.gz"
    noise = np.random.default_rng(0)
    lines = [
        orjson.dumps({"id": str(n), "title": "t" + noise.bytes(20).hex()}) for n in range(200)
    ]
    feed.write_bytes(gzip.compress(b"\n".join(lines))[:-400])
    with pytest.raises(FeedTruncatedError):
        reindex(str(feed), layout, IndexSettings(), HashingEmbedder(64))
    assert layout.current() is None
    assert not list(layout.root.glob("staging-*"))
    options = ReindexOptions(force=True)
    report = reindex(str(feed), layout, IndexSettings(), HashingEmbedder(64), options)
    assert 0 < report.products < 200
    assert report.forced


def test_every_stage_is_told_to_the_end(layout: IndexLayout, tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    feed.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records(50)))
    progress = Recorder()
    report = reindex(str(feed), layout, IndexSettings(), HashingEmbedder(64), progress=progress)
    assert progress.stages["reading the feed"] == [feed.stat().st_size] * 2
    assert progress.stages["embedding new texts"] == [50, 50]
    assert set(report.seconds) == set(progress.stages)


def test_after_a_rollback_the_newest_generation_is_still_the_cache(
    build: Build, layout: IndexLayout
) -> None:
    build(records(10))
    build(records(10, "hat"))
    rollback(layout)
    assert build(records(10, "hat")).embedded == 0


def test_the_embedded_text_follows_the_settings(build: Build) -> None:
    embedder = CountingEmbedder()
    feed = [
        {
            "id": "1",
            "title": "Boot",
            "brand": "Acme",
            "product_type": "Shoes > Boots",
            "description": "d" * 50,
        }
    ]
    settings = IndexSettings(
        embedding=EmbeddingSettings(fields=("brand", "title", "category", "description"))
    )
    build(feed, settings=settings, embedder=embedder)
    assert embedder.seen == ["Acme. Boot. Shoes Boots. " + "d" * 50]
    settings = IndexSettings(
        embedding=EmbeddingSettings(fields=("title", "description"), max_characters=16)
    )
    build(feed, settings=settings, embedder=embedder)
    assert embedder.seen[1] == "Boot. dddddddddd"


class _Feed(BaseHTTPRequestHandler):
    body = b""
    conditional: list[str | None]

    def do_GET(self) -> None:
        self.conditional.append(self.headers.get("If-None-Match"))
        if self.headers.get("If-None-Match") == '"v1"':
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("ETag", '"v1"')
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def feed_url() -> Generator[tuple[str, list[str | None]]]:
    _Feed.body = b"".join(orjson.dumps(record) + b"\n" for record in records(20))
    _Feed.conditional = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Feed)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/feed.jsonl", _Feed.conditional
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_unchanged_feed_is_asked_for_conditionally_and_changes_nothing(
    layout: IndexLayout, feed_url: tuple[str, list[str | None]]
) -> None:
    url, conditional = feed_url
    embedder = HashingEmbedder(64)
    first = reindex(url, layout, IndexSettings(), embedder)
    second = reindex(url, layout, IndexSettings(), embedder)
    assert second.unchanged
    assert (second.generation, second.products) == (first.generation, 20)
    # Other settings make another index of the same feed; force and rollback ask anew.
    settings = IndexSettings(language="german")
    assert not reindex(url, layout, settings, embedder).unchanged
    reindex(url, layout, settings, embedder, ReindexOptions(force=True))
    rollback(layout)
    assert not reindex(url, layout, settings, embedder).unchanged
    assert conditional == [None, '"v1"', None, None, None]


def test_an_unchanged_feed_rebuilds_what_cannot_be_read(
    layout: IndexLayout, feed_url: tuple[str, list[str | None]]
) -> None:
    url, conditional = feed_url
    embedder = HashingEmbedder(64)
    first = reindex(url, layout, IndexSettings(), embedder)
    path = layout.generation_dir(first.generation) / MANIFEST_FILE
    path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), "format_version": 1}))
    second = reindex(url, layout, IndexSettings(), embedder)
    assert not second.unchanged
    assert len(open_snapshot(layout).products) == 20
    assert reindex(url, layout, IndexSettings(), embedder).unchanged
    assert conditional == [None, None, '"v1"']


_CHILD = """
import sys
from indexer.build.reindex import reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings, VectorSettings
from pathlib import Path

class Loud:
    def start(self, stage, total):
        print(stage, flush=True)
    def advance(self, amount):
        pass

settings = IndexSettings(vectors=VectorSettings(exact_below=0))
reindex(sys.argv[1], IndexLayout.of(Path(sys.argv[2]), "shop"), settings,
        HashingEmbedder(64), progress=Loud())
"""


def test_kill_nine_in_every_phase_leaves_a_whole_index(
    build: Build, layout: IndexLayout, tmp_path: Path
) -> None:
    build(records(50))
    published = layout.require_current()
    feed = tmp_path / "big.jsonl"
    feed.write_bytes(
        b"".join(
            orjson.dumps({**record, "description": "warm and dry " * 20}) + b"\n"
            for record in records(3_000, "blue hat")
        )
    )
    phases = [
        "reading the feed",
        "analysing products",
        "writing postings and columns",
        "embedding new texts",
        "building the vector index",
        "checksums",
        "publishing",
    ]
    for phase in phases:
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(feed), str(layout.root.parent)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        with child.stdout:
            for line in child.stdout:
                if line.strip() == phase:
                    break
            else:
                pytest.fail(f"the build never came to {phase!r}")
            time.sleep(0.01)  # into the phase, not onto its edge
            os.kill(child.pid, signal.SIGKILL)
        child.wait()
        snapshot = open_snapshot(layout)
        assert verify(layout, snapshot.generation) == []
        # The last phases take milliseconds: the child may have published before the signal.
        if phase not in ("checksums", "publishing"):
            assert snapshot.generation == published
    report = build(records(50, "after all"), force=True)
    assert layout.require_current() == report.generation
    assert not list(layout.root.glob("staging-*"))


def test_an_unchanged_file_is_read_again_unless_only_changes_are_asked_for(
    layout: IndexLayout, tmp_path: Path
) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records(3)))
    feed, embedder, settings = str(path), HashingEmbedder(64), IndexSettings()
    only = ReindexOptions(if_changed=True)
    first = reindex(feed, layout, settings, embedder, only)
    again = reindex(feed, layout, settings, embedder, only)
    assert (again.unchanged, again.generation, again.seconds) == (True, first.generation, {})
    whole = reindex(feed, layout, settings, embedder)
    assert (whole.unchanged, bool(whole.seconds)) == (True, True)
    other = settings.model_copy(update={"language": "german"})
    assert not reindex(feed, layout, other, embedder, only).unchanged
    os.utime(feed, (1, 1))
    assert reindex(feed, layout, other, embedder, only).seconds
