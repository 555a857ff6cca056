"""Snapshots of every format version: the readable ones answer, the others name the remedy."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from indexer.analysis.analyzer import ANALYSIS_VERSION
from indexer.embedding.hashing import HashingEmbedder
from indexer.errors import SnapshotFormatError
from indexer.layout import IndexLayout
from indexer.manifest import FORMAT_VERSION, MANIFEST_FILE, OLDEST_READABLE
from indexer.settings import IndexSettings, VectorSettings
from indexer.snapshot import Snapshot, open_snapshot, verify
from searchsvc.policy import RankingPolicy
from searchsvc.query.filters import AnyOf, Near, Spot
from searchsvc.query.query import Query
from searchsvc.search import search
from tests.compat.make_fixture import RECORDS

if TYPE_CHECKING:
    from tests.conftest import Build

FOLDER = Path(__file__).parent
READABLE = range(OLDEST_READABLE, FORMAT_VERSION + 1)
REFUSED = range(1, OLDEST_READABLE)


@pytest.fixture
def published(tmp_path: Path, version: int) -> IndexLayout:
    """The fixture of a version as the current generation of an index.

    The analysis has a version of its own, which is raised more often than the format's and does
    not concern the files: it is made the current one.
    """
    layout = IndexLayout.of(tmp_path / "kept", "shop")
    manifest = json.loads((FOLDER / f"format_{version}" / MANIFEST_FILE).read_bytes())
    text = json.dumps({**manifest, "analysis_version": ANALYSIS_VERSION}).encode()
    generation = f"g00000001-{sha256(text).hexdigest()[:8]}"
    shutil.copytree(FOLDER / f"format_{version}", layout.generation_dir(generation))
    (layout.generation_dir(generation) / MANIFEST_FILE).write_bytes(text)
    layout.current_file.write_text(f"{generation}\n")
    return layout


def answers(snapshot: Snapshot, text: str) -> list[str]:
    policy = RankingPolicy(min_cosine=0.0)
    query = Query(text, limit=50)
    return [hit.id for hit in search(query, snapshot, _EMBEDDER, policy).hits]


_EMBEDDER = HashingEmbedder(16)


def test_every_version_has_its_fixture() -> None:
    kept = sorted(path.name for path in FOLDER.glob("format_*"))
    assert kept == sorted(f"format_{version}" for version in range(1, FORMAT_VERSION + 1))
    for version in range(1, FORMAT_VERSION + 1):
        manifest = json.loads((FOLDER / f"format_{version}" / MANIFEST_FILE).read_bytes())
        assert manifest["format_version"] == version
        assert {*manifest["files"], MANIFEST_FILE} == {
            path.name for path in (FOLDER / f"format_{version}").iterdir()
        }


@pytest.mark.parametrize("version", READABLE)
@pytest.mark.parametrize("text", ["red shoe", "hta", "AC-004", "", "blue coat waterproof"])
def test_a_readable_version_answers_as_a_new_build_does(
    build: Build, layout: IndexLayout, published: IndexLayout, text: str
) -> None:
    settings = IndexSettings(vectors=VectorSettings(exact_below=0))
    build(RECORDS, settings=settings, embedder=_EMBEDDER)
    kept, new = open_snapshot(published), open_snapshot(layout)
    assert answers(kept, text) == answers(new, text) != []


@pytest.mark.parametrize("version", READABLE)
def test_every_part_of_a_readable_version_is_there(published: IndexLayout) -> None:
    snapshot = open_snapshot(published)
    assert verify(published, published.require_current()) == []
    assert len(snapshot.products) == len(RECORDS)
    query = Query("", filter=AnyOf("attributes.colour", ("green",)))
    assert search(query, snapshot, _EMBEDDER, RankingPolicy()).total == 3
    near = Query("", filter=Near(Spot(42.5, 2.25), 1_000))
    places = 1 if snapshot.manifest.format_version >= 3 else 0
    assert search(near, snapshot, _EMBEDDER, RankingPolicy()).total == places
    assert [found.word for found in snapshot.spelling.corrections("gren", 4)] == ["green"]


@pytest.mark.parametrize("version", REFUSED)
def test_a_version_that_is_too_old_is_refused_with_the_command_that_helps(
    published: IndexLayout,
) -> None:
    expected = (
        rf"{published.require_current()} has format \d+; this version reads {OLDEST_READABLE} to "
    )
    with pytest.raises(SnapshotFormatError, match=rf"{expected}.*'searchsvc reindex'"):
        open_snapshot(published)
