"""The model directory."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from indexer.embedding.model_files import ModelContent, ModelFiles, ModelMeaning, fingerprint
from indexer.errors import ModelMismatchError, ModelUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

MEANING = ModelMeaning(dimension=3, pooling="mean", max_tokens=8, quantization="none")
OLD = ModelContent(graph=b"old graph", tokenizer=b"{}", meaning=MEANING)
NEW = ModelContent(graph=b"new graph", tokenizer=b"{}", meaning=MEANING)


def write(directory: Path, content: ModelContent) -> ModelFiles:
    return ModelFiles.write(directory, name="m", source="s", content=content)


def test_what_is_written_opens_equal_and_verifies(tmp_path: Path) -> None:
    written = write(tmp_path / "deep" / "m", OLD)
    opened = ModelFiles.open(tmp_path / "deep" / "m")
    assert opened == written
    assert opened.graph.read_bytes() == OLD.graph
    opened.verify()


def test_writing_again_replaces_the_directory_and_leaves_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "m", OLD)
    write(tmp_path / "m", NEW)
    assert ModelFiles.open(tmp_path / "m").graph.read_bytes() == NEW.graph
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize("files_synced", [0, 1, 2])
def test_a_crash_while_writing_leaves_the_old_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files_synced: int
) -> None:
    write(tmp_path / "m", OLD)
    calls = iter(range(10))

    def fail_later(_: int) -> None:
        if next(calls) == files_synced:
            raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", fail_later)
    with pytest.raises(OSError, match="no space left"):
        write(tmp_path / "m", NEW)
    opened = ModelFiles.open(tmp_path / "m")
    opened.verify()
    assert opened.graph.read_bytes() == OLD.graph
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_missing_directory_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="searchsvc model install"):
        ModelFiles.open(tmp_path / "absent")


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "model.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    write(tmp_path / "m", OLD)
    (tmp_path / "m" / name).unlink()
    with pytest.raises(ModelUnavailableError, match=name):
        ModelFiles.open(tmp_path / "m")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"format_version": 2}, "format_version"),
        ({"colour": "red"}, "colour"),
        ({"fingerprint": "123"}, "fingerprint"),
        ({"meaning": {"dimension": 0}}, "meaning.dimension"),
    ],
)
def test_a_card_that_this_version_cannot_read_is_refused(
    tmp_path: Path, change: dict[str, object], named: str
) -> None:
    write(tmp_path / "m", OLD)
    path = tmp_path / "m" / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelMismatchError, match=named):
        ModelFiles.open(tmp_path / "m")


def test_a_card_that_is_not_json_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "m", OLD)
    (tmp_path / "m" / "model.json").write_text("{")
    with pytest.raises(ModelMismatchError, match="the file"):
        ModelFiles.open(tmp_path / "m")


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_altered_files_do_not_verify(tmp_path: Path, name: str) -> None:
    files = write(tmp_path / "m", OLD)
    (tmp_path / "m" / name).write_bytes(b"altered")
    with pytest.raises(ModelMismatchError, match="altered or damaged"):
        files.verify()


def test_the_fingerprint_depends_on_each_part_and_on_where_it_ends() -> None:
    cls = MEANING.model_copy(update={"pooling": "cls"})
    prompted = MEANING.model_copy(update={"query_prompt": "query: "})
    found = {
        fingerprint(b"ab", b"c", MEANING),
        fingerprint(b"a", b"bc", MEANING),
        fingerprint(b"ab", b"c", cls),
        fingerprint(b"ab", b"c", prompted),
    }
    assert len(found) == 4
