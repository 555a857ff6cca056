"""A test collection as it lies in its directory: the border of every format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchsvc.relevance.labels import DEFAULT_SCALE, LabelScale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from searchsvc.relevance.judgments import Judgments

    FeedRecord = dict[str, object]
    """A product as our JSON Lines feed has it: Google's attributes and ``attributes``."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which part is taken of collections that have several.

    Attributes:
        split: the judged queries of BEIR and ESCI: test, train, dev.
        locale: the market of ESCI: us, es, jp.
        is_large: whether ESCI's large version is taken, easy queries included.
    """

    split: str = "test"
    locale: str = "us"
    is_large: bool = False


@dataclass(frozen=True, slots=True)
class Corpus:
    """The products of a collection.

    Attributes:
        files: what they are read from, for the digest.
        choice: which part of the files, ``""`` for all of it.
        records: makes them anew for our feed, any number of times, one in memory at a time;
            None if the only file is a feed of ours already.
    """

    files: tuple[Path, ...]
    choice: str = ""
    records: Callable[[], Iterator[FeedRecord]] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What a format makes of a directory.

    Attributes:
        judgment_files: what the judgments were read from, for the digest.
        judgment_choice: which part of these files, ``""`` for all of it.
    """

    corpus: Corpus
    judgments: Judgments
    judgment_files: tuple[Path, ...]
    judgment_choice: str = ""
    scale: LabelScale = DEFAULT_SCALE


@dataclass(frozen=True, slots=True)
class Format:
    """One way to lay out a collection.

    Attributes:
        expected: the files, for people.
        fits: whether a directory has all of them.
        open: reads the judgments and finds the products; raises CollectionError or JudgmentsError.
    """

    name: str
    expected: str
    fits: Callable[[Path], bool]
    open: Callable[[Path, Choice], Source]
