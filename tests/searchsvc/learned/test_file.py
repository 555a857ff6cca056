"""The learned file: what is written is read and stays mapped; what cannot be used says why."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from indexer.storage import StringTable, read_arrays, write_arrays
from searchsvc.errors import LiveSettingsUnreadableError, LiveSettingsUnwritableError
from searchsvc.learned.file import LearnedFile
from searchsvc.learned.model import Learned, LearnedFrom, TraitField

if TYPE_CHECKING:
    from indexer.layout import IndexLayout


def field(name: str, weight: float = 1.0, **changes: Any) -> TraitField:
    return TraitField(
        **{
            "name": name,
            "smoothing": 20,
            "ceiling": 2,
            "signed": True,
            "weight": weight,
            "error": 0.1,
            "in_use": True,
            **changes,
        }
    )


ORIGIN = LearnedFrom(
    time_ms=1,
    newest_ms=1,
    generation="g00000001-00000000",
    events=3,
    users=2,
    orders=1,
    held_out=1,
    half_life_days=180,
    event_weights={"purchase": 1},
)
MODEL = Learned(
    origin=ORIGIN,
    fields=(field("brand"), field("words")),
    ids=StringTable.of(["a", "b", "ä"]),
    popularity=np.array([0, 2.5, 1], np.float32),
    values=StringTable.of(["Acme", "Möbel", "stühle", "tisch"]),
    field_of=np.array([0, 0, 1, 1], np.int16),
    shares=np.array([0.5, 0.5, 0.25, 1], np.float32),
    starts=np.array([0, 2, 3, 3], np.int64),
    traits=np.array([0, 3, 1], np.int32),
    parts=np.array([1, 1, 1], np.float32),
    band_edges=np.array([1.5, 3.0]),
)
EMPTY = replace(
    MODEL,
    fields=(),
    values=StringTable.of([]),
    field_of=np.empty(0, np.int16),
    shares=np.empty(0, np.float32),
    starts=np.zeros(4, np.int64),
    traits=np.empty(0, np.int32),
    parts=np.empty(0, np.float32),
    band_edges=np.empty(0),
)


@pytest.fixture
def file(layout: IndexLayout) -> LearnedFile:
    layout.root.mkdir(parents=True)
    return LearnedFile(layout)


def assert_equal(found: Learned | None, expected: Learned) -> None:
    assert found is not None
    assert (found.origin, found.fields) == (expected.origin, expected.fields)
    for name in ("ids", "values"):
        ours, theirs = getattr(found, name), getattr(expected, name)
        assert [ours[i] for i in range(len(ours))] == [theirs[i] for i in range(len(theirs))]
    for name in ("popularity", "field_of", "shares", "starts", "traits", "parts", "band_edges"):
        ours, theirs = getattr(found, name), getattr(expected, name)
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("model", [MODEL, EMPTY])
def test_what_is_written_is_read(file: LearnedFile, layout: IndexLayout, model: Learned) -> None:
    assert file.read() is None
    assert file.stamp() == ()
    file.replace(model)
    assert_equal(file.read(), model)
    assert file.stamp() != ()
    assert sorted(path.name for path in layout.root.iterdir()) == [
        "learned.safetensors",
        "live.lock",
    ]
    file.remove()
    assert file.read() is None
    file.remove()  # nothing to remove is no error


def test_equal_models_are_equal_bytes(file: LearnedFile, layout: IndexLayout) -> None:
    file.replace(MODEL)
    first = layout.learned_file.read_bytes()
    read = file.read()
    assert read is not None
    file.replace(read)  # its arrays are those of the file that it replaces
    assert layout.learned_file.read_bytes() == first


def test_what_was_read_is_mapped_and_outlives_a_replacement(file: LearnedFile) -> None:
    file.replace(MODEL)
    model = file.read()
    assert model is not None
    assert not model.shares.flags.owndata
    assert not model.shares.flags.writeable
    file.replace(EMPTY)
    file.remove()
    assert_equal(model, MODEL)


def test_what_another_writer_left_unfinished_is_removed(
    file: LearnedFile, layout: IndexLayout
) -> None:
    aside = layout.root / ".learned.new"
    aside.mkdir()
    for name in ("learned.safetensors", ".tmpa1b2c3"):  # the library's own
        aside.joinpath(name).write_bytes(b"cut short")
    assert file.read() is None
    file.replace(MODEL)
    assert_equal(file.read(), MODEL)
    assert sorted(it.name for it in layout.root.iterdir()) == ["learned.safetensors", "live.lock"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"popularity": np.zeros(3)}, "'popularity' is float64, 1-d; expected float32, 1-d"),
        ({"traits": np.zeros((3, 1), np.int32)}, "'traits' is int32, 2-d"),
        ({"popularity": np.zeros(2, np.float32)}, "'popularity' has 2 entries, expected 3"),
        ({"popularity": np.full(3, np.nan, np.float32)}, "'popularity' has values from nan"),
        ({"popularity": np.full(3, -1, np.float32)}, "'popularity' has values from -1"),
        ({"popularity": np.full(3, np.inf, np.float32)}, "'popularity' has values"),
        ({"shares": np.zeros(4, np.float32)}, "'shares' has values from 0"),
        ({"shares": np.full(4, 2, np.float32)}, "'shares' has values from 2"),
        ({"parts": np.full(3, -1, np.float32)}, "'parts' has values from -1"),
        ({"parts": np.ones(4, np.float32)}, "'parts' has 4 entries, expected 3"),
        ({"field_of": np.array([1, 1, 0, 0], np.int16)}, "'field_of' does not ascend"),
        ({"field_of": np.array([0, 0, 1, 2], np.int16)}, "'field_of' has values from 0 to 2"),
        ({"field_of": np.zeros(5, np.int16)}, "'field_of' has 5 entries, expected 4"),
        ({"traits": np.array([0, 4, 1], np.int32)}, "'traits' has values from 0 to 4"),
        ({"traits": np.array([0, -1, 1], np.int32)}, "'traits' has values from -1 to 1"),
        ({"starts": np.array([0, 2, 1, 3])}, "'starts' does not ascend"),
        ({"starts": np.array([1, 2, 3, 3])}, "'starts' does not go from 0 to 3"),
        ({"starts": np.array([0, 3])}, "'starts' has 2 entries, expected 4"),
        ({"band_edges": np.array([2.0, 1.0])}, "'band_edges' does not ascend"),
        ({"band_edges": np.array([np.nan, 1.0])}, "'band_edges' does not ascend"),
        ({"ids.offsets": np.array([0, 1, 2, 9])}, "'ids.offsets' does not go from 0 to 4"),
        ({"ids.offsets": np.array([0, 3, 2, 4])}, "'ids.offsets' does not ascend"),
        ({"ids.offsets": np.array([0, 1, 3, 4])}, "'ids.offsets' parts a character"),
        ({"ids.offsets": np.empty(0, np.int64)}, "'ids.offsets' does not go from 0 to 4"),
        ({"values.data": np.full(21, 255, np.uint8)}, "'values.offsets' does not go|utf-8"),
        ({"ids.data": np.full(4, 255, np.uint8)}, "can't decode"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused_with_the_remedy(
    file: LearnedFile, layout: IndexLayout, changes: dict[str, Any], complaint: str
) -> None:
    file.replace(MODEL)
    written = read_arrays(layout.learned_file)
    layout.learned_file.unlink()
    write_arrays(layout.learned_file, {**written.arrays, **changes}, written.metadata)
    with pytest.raises(LiveSettingsUnreadableError, match=complaint) as caught:
        file.read()
    assert str(caught.value).startswith("learned.safetensors: ")
    assert "searchsvc segments learn" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no known format at 'its text'"),
        ('{"format":2}', "no known format at 'format'"),
        ('{"format":1,"fields":[]}', "no known format at 'origin'"),
    ],
)
def test_another_format_is_refused(
    file: LearnedFile, layout: IndexLayout, text: str, complaint: str
) -> None:
    file.replace(MODEL)
    written = read_arrays(layout.learned_file)
    layout.learned_file.unlink()
    write_arrays(layout.learned_file, written.arrays, {"learned": text})
    with pytest.raises(LiveSettingsUnreadableError, match=complaint):
        file.read()


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_a_file_that_was_cut_short_is_refused(
    file: LearnedFile, layout: IndexLayout, kept: int
) -> None:
    file.replace(MODEL)
    os.truncate(layout.learned_file, kept % layout.learned_file.stat().st_size)
    with pytest.raises(LiveSettingsUnreadableError, match="is damaged"):
        file.read()


def test_a_path_that_cannot_be_used_is_refused(layout: IndexLayout) -> None:
    layout.root.parent.mkdir(parents=True)
    layout.root.write_bytes(b"")  # a file where the directory should be
    with pytest.raises(LiveSettingsUnreadableError, match="cannot be read"):
        LearnedFile(layout).read()
    with pytest.raises(LiveSettingsUnwritableError, match="cannot be written"):
        LearnedFile(layout).replace(MODEL)
    with pytest.raises(LiveSettingsUnwritableError, match="cannot be written"):
        LearnedFile(layout).remove()
