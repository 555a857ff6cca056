"""A damaged generation is opened by its sound parts, and what stands for the others is empty."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.embedding.onnx import OnnxEmbedder
from indexer.errors import SnapshotCorruptError
from indexer.layout import IndexLayout
from indexer.lexical.absent import AbsentPostings
from indexer.lexical.clause import plain_clauses
from indexer.partial import open_partly
from indexer.snapshot import OPTIONAL_PARTS, files_of, open_snapshot
from indexer.spelling.dictionary import NoSpelling
from indexer.vectors.absent import AbsentVectors
from tests.conftest import Build
from tests.tiny_bert import write_tiny_model

SHOES = [{"id": str(n), "title": title} for n, title in enumerate(("red shoe", "oak desk"))]


@pytest.fixture
def generation(build: Build, layout: IndexLayout, tmp_path: Path) -> Path:
    model = OnnxEmbedder.open(write_tiny_model(tmp_path / "made"))
    return layout.generation_dir(build(SHOES, embedder=model).generation)


def test_every_file_belongs_to_one_part_or_to_what_is_needed(
    generation: Path, layout: IndexLayout
) -> None:
    manifest = open_snapshot(layout).manifest
    optional = [name for part in OPTIONAL_PARTS for name in files_of(part, manifest)]
    assert len(optional) == len(set(optional))
    needed = manifest.files.keys() - set(optional)
    assert needed == {"products.bin", "products.safetensors", "columns.safetensors"}
    assert generation.is_dir()


def test_a_sound_generation_misses_nothing(generation: Path, layout: IndexLayout) -> None:
    assert open_partly(layout, generation.name).missing == ()


@pytest.mark.parametrize("part", OPTIONAL_PARTS)
def test_each_part_alone_may_be_missing(generation: Path, layout: IndexLayout, part: str) -> None:
    whole = open_snapshot(layout)
    names = files_of(part, whole.manifest)  # type: ignore[arg-type]
    assert names
    for name in names:
        (generation / name).unlink()
    opened = open_partly(layout, generation.name)
    assert opened.missing == (part,)
    assert (opened.encoder is None) == (part == "encoder")
    assert isinstance(opened.lexical, AbsentPostings) == (part == "lexical")
    assert isinstance(opened.spelling, NoSpelling) == (part == "spelling")
    assert isinstance(opened.vectors, AbsentVectors) == (part == "vectors")
    assert (len(opened.suggestions.phrases) == 0) == (part == "suggestions")
    assert opened.products.json(0) == whole.products.json(0)


def test_an_altered_byte_of_what_is_needed_is_refused(
    generation: Path, layout: IndexLayout
) -> None:
    path = generation / "products.bin"
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)
    with pytest.raises(SnapshotCorruptError, match=r"products\.bin"):
        open_partly(layout, generation.name)


def test_without_words_and_vectors_nothing_is_left_to_search_by(
    generation: Path, layout: IndexLayout
) -> None:
    (generation / "lexical.safetensors").unlink()
    (generation / "vectors.safetensors").unlink()
    with pytest.raises(SnapshotCorruptError, match="neither words nor vectors"):
        open_partly(layout, generation.name)


def test_absent_postings_keep_the_protocol() -> None:
    absent = AbsentPostings()
    rows = np.array([1, 2], np.int32)
    assert (absent.count("shoe"), absent.together(["shoe"], 1)) == (0, 0)
    assert (len(absent.rows("shoe")), absent.rows("shoe").dtype) == (0, np.int32)
    assert (len(absent.among(rows, "shoe")), absent.completions("s", 3)) == (0, [])
    matches = absent.match(plain_clauses(["shoe"]), coverage=0.5)
    assert (len(matches), matches.rows.dtype, matches.ceiling) == (0, np.int64, 0.0)


def test_absent_vectors_keep_the_protocol() -> None:
    absent = AbsentVectors(4)
    query = np.full(4, 0.5, np.float32)
    rows = np.array([2, 0], np.int64)
    assert len(absent.search(query, 3)) == 0
    hits, looked = absent.explore(query, 3, np.ones(5, np.bool_))
    assert (len(hits), looked.products) == (0, 0)
    gathered = absent.gather(rows)
    assert (gathered.shape, gathered.dtype, gathered.any()) == ((2, 4), np.float32, False)
    cosines = absent.similarities(query, rows)
    assert (cosines.tolist(), cosines.dtype) == ([0.0, 0.0], np.float32)


def test_an_absent_dictionary_takes_every_word_as_typed() -> None:
    absent = NoSpelling()
    assert (len(absent), absent.is_word("sheo"), absent.frequency("shoe")) == (0, True, 0)
    assert absent.corrections("sheo") == absent.completions("sh", 3) == []
    assert absent.splits("redshoe") == []
    assert absent.log_probability("shoe") == 0.0
