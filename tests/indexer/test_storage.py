from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from indexer.errors import SnapshotCorruptError
from indexer.storage import StringTable, map_file, offsets_of, read_arrays, write_arrays

_ARRAYS = {
    "floats": np.linspace(0, 1, 7, dtype=np.float32),
    "half": np.ones((3, 4), np.float16),
    "codes": np.array([-1, 5], np.int32),
    "flags": np.array([True, False, True]),
    "hashes": np.array([2**63], np.uint64),
    "nothing": np.empty(0, np.int64),
}


def test_what_is_written_is_read_back_by_us_and_by_the_library(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_arrays(path, _ARRAYS, {"kind": "text"})
    ours, theirs = read_arrays(path), load_file(path)
    assert ours.metadata == {"kind": "text"}
    assert set(ours.arrays) == set(theirs) == set(_ARRAYS)
    for name, array in _ARRAYS.items():
        assert ours.array(name).dtype == array.dtype
        np.testing.assert_array_equal(ours.array(name), array)
        np.testing.assert_array_equal(ours.array(name), theirs[name])


def test_mapped_arrays_cannot_be_written_to(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_arrays(path, _ARRAYS)
    with pytest.raises(ValueError, match="read-only"):
        read_arrays(path).array("codes")[0] = 1


def test_every_truncation_and_header_damage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_arrays(path, _ARRAYS)
    whole = path.read_bytes()
    for length in [*range(40), len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(SnapshotCorruptError):
            read_arrays(path)
    path.write_bytes(b"\xff" * 8 + whole[8:])
    with pytest.raises(SnapshotCorruptError):
        read_arrays(path)


def test_an_absent_array_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_arrays(path, _ARRAYS)
    with pytest.raises(SnapshotCorruptError, match="'rows' is missing.*reindex"):
        read_arrays(path).array("rows")


def test_a_missing_file_is_a_corrupt_snapshot(tmp_path: Path) -> None:
    with pytest.raises(SnapshotCorruptError, match="gone.bin"):
        map_file(tmp_path / "gone.bin")


@given(st.sets(st.text(max_size=12), max_size=30), st.text(max_size=12))
def test_a_sorted_table_finds_exactly_its_texts(texts: set[str], other: str) -> None:
    ordered = sorted(texts, key=str.encode)
    table = StringTable.of(ordered)
    assert [table[place] for place in range(len(table))] == ordered
    assert [table.find(text) for text in ordered] == list(range(len(ordered)))
    assert (table.find(other) is not None) == (other in texts)


@given(st.sets(st.text(max_size=4), max_size=30), st.sets(st.text(max_size=4), max_size=30))
def test_the_texts_of_one_table_are_found_in_another(ours: set[str], theirs: set[str]) -> None:
    one, other = (StringTable.of(sorted(texts, key=str.encode)) for texts in (ours, theirs))
    expected = [
        -1 if (place := other.find(one[row])) is None else place for row in range(len(one))
    ]
    assert one.places_in(other).tolist() == expected


def test_offsets_are_wide_where_texts_are_long() -> None:
    assert offsets_of([3, 0, 4]).tolist() == [0, 3, 3, 7]
    assert offsets_of([2**32 - 1]).dtype == np.uint32
    assert offsets_of([2**32 - 1, 1]).dtype == np.int64
