import subprocess
import sys
from pathlib import Path

from indexer.spelling.builder import SpellingBuilder
from indexer.spelling.dictionary import SpellingDictionary

ROOT = Path(__file__).parents[3]
WRITE = """
import sys
from pathlib import Path
from indexer.spelling.builder import SpellingBuilder
builder = SpellingBuilder()
builder.add({"cable", "usb", "mouse", "pad"}, {"long", "soft", "cable"})
builder.add({"mouse"}, {"wireless", "longer"})
builder.write(Path(sys.argv[1]))
"""


def test_a_word_counts_once_for_each_product(tmp_path: Path) -> None:
    builder = SpellingBuilder()
    builder.add(["cable", "cable"], iter(["cable", "long", "long"]))
    builder.add([], ["cable"])
    builder.write(tmp_path / "s")
    dictionary = SpellingDictionary(tmp_path / "s")
    assert dictionary.frequency("cable") == 2
    assert dictionary.frequency("long") == 1


def test_a_word_in_titles_is_likelier_than_one_in_texts(tmp_path: Path) -> None:
    builder = SpellingBuilder()
    for _ in range(3):
        builder.add(["cable"], ["fable"])
    builder.write(tmp_path / "s")
    dictionary = SpellingDictionary(tmp_path / "s")
    assert dictionary.frequency("cable") == dictionary.frequency("fable")
    assert dictionary.log_probability("cable") > dictionary.log_probability("fable")


def test_only_words_with_a_spelling_are_kept(tmp_path: Path) -> None:
    builder = SpellingBuilder()
    builder.add(["a", "tn2110", "usb", "5l"], ["x" * 33])
    builder.write(tmp_path / "s")
    assert len(SpellingDictionary(tmp_path / "s")) == 1


def test_neither_the_order_nor_the_process_changes_the_file(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", WRITE, str(tmp_path / seed)],
            check=True,
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
        )
    builder = SpellingBuilder()
    builder.add(["mouse", "mouse"], ["longer", "wireless"])
    builder.add(["pad", "usb", "mouse", "cable"], ["soft", "long"])
    builder.write(tmp_path / "here")
    files = {(tmp_path / name).read_bytes() for name in ("1", "2", "here")}
    assert len(files) == 1


def test_words_of_the_language_are_right_but_nobody_means_them(tmp_path: Path) -> None:
    builder = SpellingBuilder()
    builder.add(["cable", "mouse"])
    builder.write(tmp_path / "s", language_words=["Fable", "café", "cable", "b2b", "f"])
    dictionary = SpellingDictionary(tmp_path / "s")
    assert len(dictionary) == 2
    assert [word for word in ("fable", "cafe", "cable", "mouse") if dictionary.is_word(word)] == [
        "fable", "cafe", "cable", "mouse",
    ]  # fmt: skip
    assert not any(dictionary.is_word(word) for word in ("b2b", "f", "gable", "Fable"))
    assert dictionary.frequency("fable") == 0
    assert [it.word for it in dictionary.corrections("gable")] == ["cable"]


def test_the_order_of_the_language_does_not_change_the_file(tmp_path: Path) -> None:
    for name, words in (("one", ["fable", "table"]), ("two", ["table", "fable", "fable"])):
        SpellingBuilder().write(tmp_path / name, language_words=words)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_builder_read_from_a_dictionary_goes_on_where_that_one_stopped(tmp_path: Path) -> None:
    products = [
        ({"cable", "usb"}, {"long", "usb3"}),
        ({"mouse"}, {"wireless", "long"}),
        ({"mouse", "pad"}, {"soft"}),
    ]
    language = ["mouse", "long", "lamp", "Pad"]
    at_once = SpellingBuilder()
    for titles, texts in products[1:]:
        at_once.add(titles, texts)
    at_once.write(tmp_path / "at_once", language_words=language)
    earlier = SpellingBuilder()
    for titles, texts in products[:2]:
        earlier.add(titles, texts)
    earlier.write(tmp_path / "earlier", language_words=language)

    later = SpellingBuilder.read(tmp_path / "earlier")
    later.remove(*products[0])
    later.add(*products[2])
    later.write(tmp_path / "later", language_words=language)

    assert (tmp_path / "later").read_bytes() == (tmp_path / "at_once").read_bytes()
    assert SpellingDictionary(tmp_path / "earlier").is_word("cable")
    assert not SpellingDictionary(tmp_path / "later").is_word("cable")
