import gzip
import math
import random
import re
import string
from collections import Counter
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.errors import SnapshotCorruptError
from indexer.spelling.builder import SpellingBuilder
from indexer.spelling.channel import error_cost
from indexer.spelling.dictionary import TITLE_WEIGHT, SpellingDictionary
from indexer.storage import read_arrays, write_arrays

Write = Callable[..., SpellingDictionary]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A dictionary of words and the numbers of titles that have them."""

    def run(titles: Mapping[str, int], products: int = 0) -> SpellingDictionary:
        builder = SpellingBuilder()
        for number in range(max([products, *titles.values()])):
            builder.add([word for word, count in titles.items() if number < count])
        builder.write(tmp_path / "spelling")
        return SpellingDictionary(tmp_path / "spelling")

    return run


def words_of(dictionary: SpellingDictionary, typed: str) -> list[str]:
    return [correction.word for correction in dictionary.corrections(typed)]


def distance_by_definition(a: str, b: str) -> int:
    table = [[max(i, j) for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            table[i][j] = min(
                table[i - 1][j] + 1,
                table[i][j - 1] + 1,
                table[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
            )
            if i > 1 and j > 1 and a[i - 2 : i] == b[j - 2 : j][::-1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


def expected(titles: Mapping[str, int], typed: str) -> list[tuple[str, int, float]]:
    """What the documentation promises, by looking at every word."""
    total = sum(titles.values()) * (1 + TITLE_WEIGHT) + 0.5 * (len(titles) + 1)
    unknown = math.log(0.5 / total)

    def within(most: int) -> list[tuple[str, int, float]]:
        found = []
        for word, count in titles.items():
            distance = distance_by_definition(typed, word)
            if word == typed or distance > most or len(word) < 3:
                continue
            score = math.log((count * (1 + TITLE_WEIGHT) + 0.5) / total)
            score -= error_cost(typed, word, distance)
            if distance == 1 or score >= unknown - 2 - 1.5 * len(typed):
                found.append((word, distance, score))
        return sorted(found, key=lambda one: (-one[2], one[0].encode()))

    if typed in titles:
        return within(1)
    return within(2) if len(typed) >= 9 else within(1) or within(2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.dictionaries(
        st.text("abeß", min_size=2, max_size=11), st.integers(1, 5), min_size=1, max_size=25
    ),
    st.text("abeß", min_size=5, max_size=11),
    st.integers(0, 30),
)
def test_corrections_are_those_of_a_look_at_every_word(
    write: Write, titles: dict[str, int], typed: str, popularity: int
) -> None:
    titles[min(titles)] += popularity
    dictionary = write(titles)
    for query in (typed, next((word for word in titles if len(word) >= 5), typed)):
        found = dictionary.corrections(query, limit=100)
        wanted = expected(titles, query)
        assert [(one.word, one.distance) for one in found] == [one[:2] for one in wanted]
        assert [one.score for one in found] == pytest.approx([one[2] for one in wanted])
        assert all(one.frequency == titles[one.word] for one in found)
        assert dictionary.corrections(query, limit=2) == found[:2]


VOCABULARY = {
    "cable": 40, "mouse": 60, "mousepad": 5, "gaming": 30, "headphones": 50, "headphone": 4,
    "keyboard": 30, "usb": 90, "tv": 20, "stand": 8, "house": 3, "lamp": 9, "white": 40,
    "print": 4, "printer": 60, "cage": 2, "re": 2, "usbhub": 1, "tn2110": 7,
}  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("mosue", "mouse"),
        ("headfones", "headphones"),
        ("keybord", "keyboard"),
        ("kyeborad", "keyboard"),  # two edits, since none is one away
        ("pritner", "printer"),
        ("lapm", "lamp"),
        ("hite", "white"),  # of five letters, the first is missing
    ],
)
def test_a_misspelling_is_corrected(write: Write, typed: str, word: str) -> None:
    assert words_of(write(VOCABULARY), typed)[:1] == [word]


def test_a_word_of_four_letters_keeps_its_first_letter_unless_swapped_or_missing(
    write: Write,
) -> None:
    dictionary = write({"lamp": 9, "bulb": 9, "scarf": 9, "earl": 9})
    assert words_of(dictionary, "alms") == []
    assert words_of(dictionary, "almp") == ["lamp"]
    assert words_of(dictionary, "damp") == []
    assert words_of(dictionary, "carf") == ["scarf"]
    assert words_of(dictionary, "abul") == []
    assert words_of(write({"bab": 9}), "abab") == []


def test_words_of_three_letters_are_targets_but_never_corrected(write: Write) -> None:
    dictionary = write({"usb": 50, "hub": 50})
    assert words_of(dictionary, "ubs") == []
    assert words_of(dictionary, "usbb") == ["usb"]


@pytest.mark.parametrize("typed", ["tn2111", "mous3", "5l", "m", "", "x" * 33])
def test_identifiers_are_never_corrected_nor_split(write: Write, typed: str) -> None:
    dictionary = write(VOCABULARY | {"x" * 32: 5})
    assert dictionary.corrections(typed) == []
    assert dictionary.splits(typed) == []
    assert dictionary.frequency(typed) == 0


@given(st.text("tn2110hub", min_size=4, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_correction_has_a_digit(write: Write, typed: str) -> None:
    dictionary = write({"tn2110": 90, "hub2": 90, "hubbub": 5, "thunb": 5})
    found = words_of(dictionary, typed)
    assert not any(letter.isdigit() for word in found for letter in word)


def test_two_errors_in_a_short_word_need_a_popular_word(write: Write) -> None:
    assert words_of(write({"shirt": 2, "printer": 900}), "sport") == []
    assert words_of(write({"shirt": 900, "printer": 900}), "shrti") == ["shirt"]


def test_a_known_word_is_corrected_to_one_edit_only_and_says_when_that_is_likelier(
    write: Write,
) -> None:
    dictionary = write({"catridge": 1, "cartridge": 900, "cartridges": 900, "toner": 900})
    best = dictionary.corrections("catridge")
    assert [one.word for one in best] == ["cartridge"]
    assert best[0].score > dictionary.log_probability("catridge")
    back = dictionary.corrections("cartridge")
    assert [one.word for one in back] == ["cartridges", "catridge"]
    assert all(one.score < dictionary.log_probability("cartridge") for one in back)


def test_words_that_are_one_for_the_caller_are_offered_once_and_not_for_each_other(
    write: Write,
) -> None:
    dictionary = write(VOCABULARY)

    def stem(word: str) -> str:
        return word.removesuffix("s")

    assert words_of(dictionary, "headphnoes") == ["headphones", "headphone"]
    once = dictionary.corrections("headphnoes", same=stem)
    assert [one.word for one in once] == ["headphones"]
    assert dictionary.corrections("headphones", same=stem) == []
    assert dictionary.corrections("headphnoes", limit=0, same=stem) == []
    several = dictionary.corrections("hause", limit=1, same=stem)
    assert [one.word for one in several] == ["house"]


def test_lost_spaces_are_found_between_words_of_titles(write: Write) -> None:
    dictionary = write(VOCABULARY, products=1000)
    assert dictionary.splits("gamingmouse") == [("gaming", "mouse")]
    assert dictionary.splits("tvstand") == [("tv", "stand")]
    assert dictionary.splits("mousepads") == []
    assert dictionary.splits("reprint") == []  # "re" is rare for so short a word
    assert dictionary.splits("usbhubcable") == []  # "usbhub" is in one title only


def test_the_likeliest_split_comes_first(write: Write) -> None:
    titles = {"bath": 5, "robe": 5, "bat": 50, "hrobe": 50, "mat": 2, "ba": 90, "thmat": 90}
    dictionary = write(titles)
    assert dictionary.splits("bathrobe") == [("bat", "hrobe"), ("bath", "robe")]
    assert dictionary.splits("bathrobe", limit=1) == [("bat", "hrobe")]
    assert dictionary.splits("bathmat") == [("ba", "thmat"), ("bath", "mat")]


def test_an_empty_dictionary_knows_nothing(write: Write) -> None:
    dictionary = write({})
    assert len(dictionary) == 0
    assert dictionary.frequency("mouse") == 0
    assert dictionary.corrections("mosue") == []
    assert dictionary.splits("gamingmouse") == []
    assert math.isfinite(dictionary.log_probability("mouse"))


def test_a_dictionary_of_one_word_corrects_to_it(write: Write) -> None:
    dictionary = write({"mouse": 1})
    assert len(dictionary) == 1
    assert words_of(dictionary, "mosue") == ["mouse"]
    assert words_of(dictionary, "mouse") == []


def test_a_damaged_file_is_refused(write: Write, tmp_path: Path) -> None:
    write(VOCABULARY)
    path = tmp_path / "spelling"
    arrays = dict(read_arrays(path).arrays)
    whole = path.read_bytes()
    for length in (0, 7, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(SnapshotCorruptError):
            SpellingDictionary(path)
    for name in arrays:
        write_arrays(path, {key: value for key, value in arrays.items() if key != name})
        with pytest.raises(SnapshotCorruptError, match=name):
            SpellingDictionary(path)
    for name in ("frequencies", "title_frequencies", "deletions.signatures"):
        write_arrays(path, arrays | {name: arrays[name][:-1]})
        with pytest.raises(SnapshotCorruptError, match="expected one length"):
            SpellingDictionary(path)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[SpellingDictionary, Counter[str]]:
    """The dictionary of the sample catalogue and how many titles have each word."""
    feed = gzip.decompress((files("searchsvc.sample") / "feed.jsonl.gz").read_bytes())
    builder = SpellingBuilder()
    titles: Counter[str] = Counter()
    for line in feed.splitlines():
        record = orjson.loads(line)
        title = set(re.findall(r"[^\W_]+", f"{record['title']} {record['brand']}".lower()))
        titles.update(title)
        builder.add(title, re.findall(r"[^\W_]+", record["description"].lower()))
    path = tmp_path_factory.mktemp("sample") / "spelling"
    builder.write(path)
    return SpellingDictionary(path), titles


def edits_of(word: str, rng: random.Random) -> list[str]:
    """Every swap and deletion, and an insertion and a replacement at each place."""
    places = range(len(word))
    swapped = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in places[:-1]]
    deleted = [word[:i] + word[i + 1 :] for i in places]
    letters = string.ascii_lowercase
    inserted = [word[:i] + rng.choice(letters) + word[i:] for i in places]
    replaced = [word[:i] + rng.choice(letters) + word[i + 1 :] for i in places]
    return [typed for typed in swapped + deleted + inserted + replaced if typed != word]


def test_single_errors_in_titles_of_a_real_catalogue_are_undone(
    sample: tuple[SpellingDictionary, Counter[str]],
) -> None:
    dictionary, titles = sample
    words = sorted(word for word in titles if len(word) >= 5 and word.isalpha())
    rng = random.Random(3)  # noqa: S311 - the same errors in every run
    ranks: Counter[int] = Counter()
    for word in rng.sample(words, 60):
        for typed in edits_of(word, rng):
            found = words_of(dictionary, typed)
            ranks[found.index(word) if word in found else len(found) + 9] += 1
    assert ranks[0] / ranks.total() >= 0.95
    assert sum(ranks[place] for place in range(3)) / ranks.total() >= 0.98
