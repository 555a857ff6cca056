"""Judgments: queries and the graded relevance of products to them, read from a directory."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from searchsvc.errors import JudgmentsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

QUERIES_FILE = "queries.jsonl"
QRELS_FILE = "qrels.tsv"


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A query of the collection.

    Attributes:
        query_class: the kind of query (``name``, ``typo`` …), ``""`` when the file gives none.
    """

    id: str
    text: str
    query_class: str = ""


@dataclass(frozen=True, slots=True)
class Judgments:
    """Judged queries.

    Attributes:
        queries: in file order, distinct ids.
        qrels: query id → product id → label; only queries of `queries`, labels 0 or more.
    """

    queries: tuple[JudgedQuery, ...]
    qrels: Mapping[str, Mapping[str, int]]


class _QueryLine(BaseModel):
    """One line of queries.jsonl, as we and BEIR write it; other members are ignored."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True, coerce_numbers_to_str=True)

    id: str = Field(min_length=1, validation_alias=AliasChoices("id", "_id"))
    text: str = Field(min_length=1)
    query_class: str = Field(default="", alias="class")


class _JudgmentLine(BaseModel):
    """One line of qrels.tsv."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    query_id: str = Field(min_length=1)
    product_id: str = Field(min_length=1)
    label: int = Field(ge=0, le=100)


_COLUMNS = tuple(_JudgmentLine.model_fields)


def load_judgments(directory: Path) -> Judgments:
    """The judgments in `directory`: ``queries.jsonl`` and ``qrels.tsv``.

    ``qrels.tsv`` has the tab-separated columns query id, product id, label; a first line whose
    label is no number is taken for a header.

    Raises:
        JudgmentsError: a file is absent, a line is malformed, an id is repeated, or a judgment
            belongs to no query.
    """
    queries = read_queries(directory / QUERIES_FILE)
    qrels = _read_qrels(directory / QRELS_FILE, {query.id for query in queries})
    return Judgments(queries, qrels)


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file, numbered from 1, without line ends; blank ones are left out.

    Raises:
        JudgmentsError: from the iterator, when the file is absent or not UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except FileNotFoundError:
        raise JudgmentsError(
            f"{path}: no such file; a collection has feed.jsonl[.gz], queries.jsonl and qrels.tsv"
        ) from None
    except UnicodeDecodeError as error:
        raise JudgmentsError(f"{path}: not UTF-8 ({error}); convert the file") from error


def read_queries(path: Path) -> tuple[JudgedQuery, ...]:
    """The queries of a JSON Lines file with ``id`` (or BEIR's ``_id``), ``text``, ``class``.

    Raises:
        JudgmentsError: the file is absent, a line is malformed, or an id is repeated.
    """
    queries: dict[str, JudgedQuery] = {}
    for number, line in numbered_lines(path):
        try:
            parsed = _QueryLine.model_validate_json(line)
        except ValidationError as error:
            raise JudgmentsError(
                f"{path}:{number}: {first_complaint(error)}; "
                'expected {"id": "q1", "text": "red sofa"}'
            ) from error
        if parsed.id in queries:
            raise JudgmentsError(f"{path}:{number}: query id {parsed.id!r} is repeated")
        queries[parsed.id] = JudgedQuery(parsed.id, parsed.text, parsed.query_class)
    return tuple(queries.values())


def _read_qrels(path: Path, query_ids: set[str]) -> Mapping[str, Mapping[str, int]]:
    qrels: dict[str, dict[str, int]] = {}
    first = True
    for number, line in numbered_lines(path):
        cells = line.split("\t")
        header, first = first and _is_header(cells), False
        if header:
            continue
        judgment = _judgment(path, number, cells)
        if judgment.query_id not in query_ids:
            raise JudgmentsError(
                f"{path}:{number}: query id {judgment.query_id!r} is not in queries.jsonl"
            )
        labels = qrels.setdefault(judgment.query_id, {})
        if judgment.product_id in labels:
            raise JudgmentsError(
                f"{path}:{number}: product {judgment.product_id!r} is judged twice for query "
                f"{judgment.query_id!r}; keep one judgment"
            )
        labels[judgment.product_id] = judgment.label
    return MappingProxyType({query: MappingProxyType(labels) for query, labels in qrels.items()})


def _is_header(cells: list[str]) -> bool:
    return len(cells) == len(_COLUMNS) and not cells[-1].strip().lstrip("+-").isdecimal()


def _judgment(path: Path, number: int, cells: list[str]) -> _JudgmentLine:
    if len(cells) != len(_COLUMNS):
        raise JudgmentsError(
            f"{path}:{number}: {len(cells)} tab-separated columns; expected {', '.join(_COLUMNS)}"
        )
    try:
        return _JudgmentLine.model_validate(dict(zip(_COLUMNS, cells, strict=True)))
    except ValidationError as error:
        raise JudgmentsError(f"{path}:{number}: {first_complaint(error)}") from error


def first_complaint(error: ValidationError) -> str:
    """What is wrong first, with its place and the value."""
    detail = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in detail["loc"])
    return f"{place + ': ' if place else ''}{detail['msg']} (got {str(detail['input'])[:80]!r})"
