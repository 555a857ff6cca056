"""The scanner of the string grammar: names, values, numbers and signs, from left to right.

Every method looks at each character a fixed number of times.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from searchsvc.errors import BadFilterError
from searchsvc.query.filters.limits import MAX_CHARACTERS, shown
from searchsvc.query.filters.tree import NUMBER_CHARACTERS, number_of

if TYPE_CHECKING:
    from collections.abc import Callable

KEYWORDS = ("AND", "OR", "NOT", "TO")

_QUOTES = ("'", '"')
_PARENTHESES = ("(", ")")
_SCORE = "<score="
_EXCERPT = 30  # characters to either side of the place
_FOUND = 40


class Scanner:
    """Reads one text.

    Args:
        text: the filter.
        origin: what the text is in the request.

    Attributes:
        at: how many characters were read.

    Raises:
        BadFilterError: the text is too long or is no Unicode text. All methods raise it at what
            they do not expect, with the place.
    """

    def __init__(self, text: str, origin: str) -> None:
        if len(text) > MAX_CHARACTERS:
            raise BadFilterError(
                f"{origin}: {len(text)} characters, expected at most {MAX_CHARACTERS}; "
                "use the JSON form with any_of for long lists of values"
            )
        self._text = text
        self._origin = origin
        self.at = 0
        bad = next((n for n, char in enumerate(text) if "\ud800" <= char <= "\udfff"), None)
        if bad is not None:
            raise BadFilterError(f"{self.place(bad)}: expected a text without surrogates")

    def place(self, at: int) -> str:
        """How messages call the character behind the first `at` ones."""
        return f"{self._origin}, character {at + 1}"

    def error(self, expected: str, at: int) -> BadFilterError:
        """What to raise at a place where something else is expected."""
        complaint = f"expected {expected}, found {self._found(at)}"
        start = max(0, at - _EXCERPT)
        excerpt = self._text[start : at + _EXCERPT]
        line = "".join(char if char.isprintable() else " " for char in excerpt)
        return BadFilterError(f"{self.place(at)}: {complaint}\n  {line}\n  {' ' * (at - start)}^")

    def skip_spaces(self) -> int:
        """Go to the next character that is no space; gives the place."""
        self.at = self._end_of_run(self.at, str.isspace)
        return self.at

    def is_done(self) -> bool:
        """Whether only spaces are left."""
        return self.skip_spaces() == len(self._text)

    def take(self, *signs: str) -> str | None:
        """The first of `signs` that comes next, or ``None``."""
        self.skip_spaces()
        for sign in signs:
            if self._text.startswith(sign, self.at):
                self.at += len(sign)
                return sign
        return None

    def require(self, sign: str, where: str) -> None:
        """Read a sign that must come next."""
        if not self.take(sign):
            raise self.error(f"'{sign}' {where}", self.at)

    def keyword(self, *words: str) -> str | None:
        """The word out of `words` that comes next, or ``None``."""
        self.skip_spaces()
        for word in words:
            end = self.at + len(word)
            if self._text.startswith(word, self.at) and self._end_of_run(end, _is_of_name) == end:
                self.at = end
                return word
        return None

    def name(self) -> str:
        """The name of a column, bare or in quotes."""
        begin = self.skip_spaces()
        if self._text.startswith(_QUOTES, begin):
            name = self._quoted()
        else:
            self.at = self._end_of_run(begin, _is_of_name)
            name = self._text[begin : self.at]
        if not name or (name in KEYWORDS and self._text[begin] not in _QUOTES):
            raise self.error("a condition such as brand:HP", begin)
        return name

    def value(self, before: str) -> str:
        """A value, bare or in quotes; a score behind it is passed over.

        Args:
            before: what the value comes after, for the message.
        """
        begin = self.skip_spaces()
        if self._text.startswith(_QUOTES, begin):
            value = self._quoted()
            self.at += _score_length(self._text[self.at : self._end_of_word(self.at)])
            return value
        self.at = self._end_of_word(begin)
        word = self._text[begin : self.at]
        if word in KEYWORDS:
            raise self.error(f"a value after '{before}' (a keyword as a value in quotes)", begin)
        value = word[: len(word) - _score_length(word[max(word.rfind(_SCORE), 0) :])]
        if not value:
            raise self.error(f"a value after '{before}'", begin)
        return value

    def number(self, limit: float | None = None) -> float:
        """A number, at most `limit` above or below zero."""
        begin = self.skip_spaces()
        self.at = self._end_of_run(begin, _is_of_number)
        number = number_of(self._text[begin : self.at])
        if number is None:
            raise self.error("a number", begin)
        if limit is not None and abs(number) > limit:
            raise self.error(f"a number from {-limit:.0f} to {limit:.0f}", begin)
        return number

    def _quoted(self) -> str:
        """A backslash takes the character after it as it is."""
        begin = self.at
        quote = self._text[begin]
        parts: list[str] = []
        at = begin + 1
        while at < len(self._text):
            char = self._text[at]
            if char == quote:
                self.at = at + 1
                return "".join(parts)
            if char == "\\":
                at += 1
                char = self._text[at : at + 1]
            parts.append(char)
            at += 1
        raise self.error(f"a closing {quote} to the quote that opens here", begin)

    def _end_of_word(self, begin: int) -> int:
        return self._end_of_run(begin, _is_of_word)

    def _end_of_run(self, begin: int, belongs: Callable[[str], bool]) -> int:
        end = begin
        while end < len(self._text) and belongs(self._text[end]):
            end += 1
        return end

    def _found(self, at: int) -> str:
        if at >= len(self._text):
            return "the end"
        word = self._text[at : max(self._end_of_word(at), at + 1)]
        return shown(word if len(word) <= _FOUND else f"{word[:_FOUND]}…")


def _is_of_name(char: str) -> bool:
    """Letters, with the marks that many scripts write upon them, digits and ``_ . -``."""
    return char.isalnum() or char in "_.-" or unicodedata.category(char).startswith("M")


def _is_of_word(char: str) -> bool:
    return not char.isspace() and char not in _PARENTHESES


def _is_of_number(char: str) -> bool:
    return char in NUMBER_CHARACTERS


def _score_length(tail: str) -> int:
    """The length of ``<score=2>``, which Algolia's filters have behind values; else 0."""
    digits = tail.removeprefix(_SCORE).removesuffix(">")
    is_score = digits.isascii() and digits.isdecimal() and tail == f"{_SCORE}{digits}>"
    return len(tail) if is_score else 0
