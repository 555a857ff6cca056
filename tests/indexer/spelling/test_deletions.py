import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from indexer.errors import SnapshotCorruptError
from indexer.spelling.deletions import DeletionIndex, deletion_arrays
from indexer.storage import ArrayFile, read_arrays, write_arrays

LETTERS = "abcß\u4e00\U00010400"


def indexed(*words: str) -> DeletionIndex:
    return DeletionIndex(ArrayFile(deletion_arrays(words), {}))


@given(
    st.lists(st.text(LETTERS, min_size=1, max_size=11), max_size=40, unique=True),
    st.text(LETTERS, min_size=5, max_size=11),
)
@example(["bacdefg", "aabcdefg"], "abcdefgh")
@example(["abcdefhg"], "abcdefgh")  # a swap across the end of the prefix
@example(["xyabcdefgh", "cdefgh", "xbcdegh"], "abcdefgh")
def test_every_word_within_so_many_edits_is_near(words: list[str], typed: str) -> None:
    index = indexed(*words)
    for edits in (1, 2):
        near = index.near(typed, edits)
        assert near == sorted(set(near))
        expected = {
            number
            for number, word in enumerate(words)
            if len(word) >= 3 and OSA.distance(typed, word) <= edits
        }
        assert expected <= set(near)


def test_four_letters_find_everything_one_edit_away() -> None:
    words = ["abcd", "acbd", "bcd", "abc", "xbcd", "abcde", "eabcd", "abxcd", "zzzz"]
    assert indexed(*words).near("abcd", 1) == list(range(8))


def test_words_that_have_nothing_to_do_with_it_are_seldom_near() -> None:
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefghijklmnop"), 9)) for _ in range(5000)]
    index = indexed(*words)
    assert np.mean([len(index.near(word, 1)) for word in words[:200]]) < 2


def test_the_arrays_are_the_same_on_every_machine() -> None:
    arrays = deletion_arrays(["cable", "café", "mouse", "headphones", "кабель"])
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode() + array.tobytes())
    assert digest.hexdigest()[:16] == "af69687319827174"


@pytest.mark.parametrize("lost", ["deletions.words", "deletions.offsets"])
def test_arrays_that_do_not_agree_are_refused(tmp_path: Path, lost: str) -> None:
    arrays = deletion_arrays(["cable", "mouse"])
    arrays[lost] = arrays[lost][:-1]
    write_arrays(tmp_path / "d", arrays)
    with pytest.raises(SnapshotCorruptError, match="reindex"):
        DeletionIndex(read_arrays(tmp_path / "d"))


def test_no_offsets_at_all_are_refused() -> None:
    arrays = deletion_arrays([])
    arrays["deletions.offsets"] = arrays["deletions.offsets"][:0]
    with pytest.raises(SnapshotCorruptError, match="power of two"):
        DeletionIndex(ArrayFile(arrays, {}))
