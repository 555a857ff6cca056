"""No regular expression of the project can be made to backtrack, which all of them are asked."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.fuzz.backtracking import Automaton, Mode, is_exponential, is_superlinear

PACKAGES = ("indexer", "searchsvc")
MODES = {
    "search": Mode.SEARCH,
    "sub": Mode.FIND,
    "subn": Mode.FIND,
    "split": Mode.FIND,
    "findall": Mode.FIND,
    "finditer": Mode.FIND,
    "match": Mode.MATCH,
    "fullmatch": Mode.FULLMATCH,
}
MADE_LATER = {"searchsvc.logs"}
"""Modules that compile an expression in a function: of secrets, escaped, with ``|`` between."""
LINEAR: Mapping[str, str] = {
    "indexer.analysis.quantities._QUANTITY": "letters are read once for each digit before them, "
    "of which there are at most 21",
    "indexer.analysis.words._WORD": "digits without a point are read again as a word, once",
    "indexer.analysis.words._ASCII_WORD": "likewise",
    "indexer.feeds.money._SPACES": "spaces with a digit before and behind end one space earlier",
    "searchsvc.configuration.origins._ATTRIBUTE": "reads the docstrings of our own settings",
    "searchsvc.http.headers._INLINE": "reads our own pages",
    "searchsvc.results.snippet._BEFORE_A_WORD": "begins behind a space alone, once for each word",
}
"""Those that the structure does not clear, and why they are linear all the same."""


def sources() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        for path in sorted(Path(package).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield ".".join(path.with_suffix("").parts), path.read_text()


def names_of_patterns(module: str, text: str) -> list[str]:
    """The constants that are compiled expressions; all that the module compiles are among them."""
    tree = ast.parse(text)
    constants = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    compiling = [node for node in ast.walk(tree) if _uses_re(node)]
    kept = [node for constant in constants for node in ast.walk(constant) if _uses_re(node)]
    assert len(compiling) == len(kept) or module in MADE_LATER, f"{module}: make it a constant"
    names = []
    for constant in constants:
        if any(map(_uses_re, ast.walk(constant))):
            targets = constant.targets if isinstance(constant, ast.Assign) else [constant.target]
            names += [target.id for target in targets if isinstance(target, ast.Name)]
    return names


def _uses_re(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in {*MODES, "compile"}
    )


SOURCES = dict(sources())
PATTERNS = [
    (module, name)
    for module, text in SOURCES.items()
    if "re." in text
    for name in names_of_patterns(module, text)
]


def modes_of(module: str, name: str) -> set[Mode]:
    """How the expression is used in its module, and in those that import it; else in any way."""
    texts = [SOURCES[module]] + [
        text
        for text in SOURCES.values()
        if re.search(rf"from {module} import[^#]*\b{name}\b", text)
    ]
    used = {
        MODES[method]
        for text in texts
        for method in re.findall(rf"(?<!\w){name}\.(\w+)\b", text)
        if method in MODES
    }
    return used or set(Mode)


@pytest.mark.parametrize(("module", "name"), PATTERNS, ids=[".".join(it) for it in PATTERNS])
def test_an_expression_takes_linear_time(module: str, name: str) -> None:
    pattern = getattr(importlib.import_module(module), name)
    for mode in modes_of(module, name):
        automaton = Automaton(pattern, mode)
        assert not is_exponential(automaton), f"{mode}: {pattern.pattern!r}"
        if f"{module}.{name}" not in LINEAR:
            assert not is_superlinear(automaton), f"{mode}: {pattern.pattern!r}"


def test_all_there_are_were_found() -> None:
    assert len(PATTERNS) > 50
    assert {"_PRICE", "_TAG", "_QUANTITY", "_TOKEN"} <= {name for _, name in PATTERNS}
    assert set(LINEAR) <= {".".join(it) for it in PATTERNS}


@pytest.mark.parametrize(
    "text",
    [
        r"(a+)+b",
        r"(a*)*b",
        r"(a|a)*b",
        r"(a|b|ab)*c",
        r"(?:\w+\s?)+;",
        r"([a-z]+)*\d",
        r"(?:x?x?)*y",
        r"(?:a{2,100}){2,}b",
        r"^(\d+,?)*;",
        r"(?i:a|Ab?)*c",
    ],
)
def test_exponential_ones_are_told(text: str) -> None:
    assert is_exponential(Automaton(re.compile(text), Mode.FULLMATCH))


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (r"\s+$", Mode.SEARCH),
        (r"\S+\Z", Mode.SEARCH),
        (r"\d+\.", Mode.SEARCH),
        (r"a*a*b", Mode.MATCH),
        (r".*,.*;", Mode.MATCH),
        (r"\w+@\w+x", Mode.SEARCH),
        (r"a(?:a*b)?", Mode.FIND),
        (r"a{1,500}@", Mode.SEARCH),
    ],
)
def test_quadratic_ones_are_told(text: str, mode: Mode) -> None:
    automaton = Automaton(re.compile(text), mode)
    assert not is_exponential(automaton)
    assert is_superlinear(automaton)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (r"\w+", Mode.FIND),
        (r"a(?:a*b)?", Mode.SEARCH),
        (r"[^\W_]+(?:'[^\W_]+)*", Mode.SEARCH),
        (r"\d+(?:\.\d+)?", Mode.FULLMATCH),
        (r"[a-z]+\d+", Mode.FULLMATCH),
        (r"(?:[1-9],)*", Mode.FULLMATCH),
        (r"(?:ab|ac)*d", Mode.MATCH),
        (r"(?:a{0,8}b)*c", Mode.MATCH),
        (r"g(\d{8})-[0-9a-f]{8}", Mode.FULLMATCH),
    ],
)
def test_linear_ones_are_not_accused(text: str, mode: Mode) -> None:
    automaton = Automaton(re.compile(text), mode)
    assert not is_exponential(automaton)
    assert not is_superlinear(automaton)


def test_what_is_not_known_is_not_passed_over() -> None:
    with pytest.raises(NotImplementedError, match="GROUPREF"):
        Automaton(re.compile(r"(a)\1"), Mode.SEARCH)
