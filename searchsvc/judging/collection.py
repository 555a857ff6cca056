"""The collection that is judged: a directory of queries to which queries can be added."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from indexer.durable import write_durably
from searchsvc.errors import JudgmentsError
from searchsvc.query.query import MAX_TEXT
from searchsvc.relevance.judgments import (
    QRELS_FILE,
    QUERIES_FILE,
    JudgedQuery,
    Judgments,
    load_judgments,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_QRELS_HEADER = b"query_id\tproduct_id\tlabel\n"
_MADE_ID = re.compile(r"q(\d+)")


class _Line(BaseModel):
    """A line of a JSON Lines file of queries; without an id one is made."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    id: str = Field(default="", pattern=r"^[^\t\r\n]*$")
    text: str = Field(min_length=1, max_length=MAX_TEXT)
    query_class: str = Field(default="", alias="class")


def open_collection(directory: Path, queries_file: Path | None) -> Judgments:
    """The judgments in `directory`, which is made where it is absent, with new queries added.

    Args:
        directory: of queries.jsonl and qrels.tsv.
        queries_file: queries to add, see `read_queries`; those whose text is there already, or
            whose id and text are, are not added again.

    Raises:
        JudgmentsError: a file cannot be read, an id already means another query, or there is no
            query to judge.
    """
    added = read_queries(queries_file) if queries_file else []
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in ((QUERIES_FILE, b""), (QRELS_FILE, _QRELS_HEADER)):
        if not (directory / name).exists():
            write_durably(directory / name, content)
    judgments = load_judgments(directory)
    queries = _with_ids(judgments.queries, added)
    if len(queries) > len(judgments.queries):
        before = (directory / QUERIES_FILE).read_bytes()
        lines = map(_line, queries[len(judgments.queries) :])
        separator = b"" if not before or before.endswith(b"\n") else b"\n"
        write_durably(directory / QUERIES_FILE, before + separator + b"".join(lines))
    if not queries:
        raise JudgmentsError(
            f"{directory / QUERIES_FILE}: no query to judge; name a file with one query on each "
            "line by --queries"
        )
    _check_lengths(queries, directory)
    return Judgments(queries, judgments.qrels)


def read_queries(path: Path) -> list[JudgedQuery]:
    """The queries in a file: JSON Lines when its name ends in ``.jsonl``, else one on each line.

    Returns:
        In file order, blank lines left out, with the id ``""`` where the file gives none.

    Raises:
        JudgmentsError: the file cannot be read, or a line is no query.
    """
    try:
        content = path.read_text("utf-8-sig")
    except OSError as error:
        raise JudgmentsError(
            f"{path}: {error.strerror}; expected a file with one query on each line"
        ) from error
    except UnicodeDecodeError as error:
        raise JudgmentsError(f"{path}: not UTF-8 ({error}); convert the file") from error
    parse = _from_json if path.suffix == ".jsonl" else _from_text
    return [
        parse(line, f"{path}:{number}")
        for number, line in enumerate(content.split("\n"), start=1)
        if line.strip()
    ]


def _from_json(line: str, place: str) -> JudgedQuery:
    try:
        parsed = _Line.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        member = ".".join(str(part) for part in first["loc"])
        raise JudgmentsError(
            f"{place}: {member + ': ' if member else ''}{first['msg']}; expected "
            f'{{"text": "red sofa"}}, its text at most {MAX_TEXT} characters'
        ) from error
    return JudgedQuery(parsed.id, parsed.text, parsed.query_class)


def _from_text(line: str, place: str) -> JudgedQuery:
    text = line.strip()
    if len(text) > MAX_TEXT:
        raise JudgmentsError(
            f"{place}: {len(text)} characters, expected one query of at most {MAX_TEXT}; "
            "a JSON Lines file must be called .jsonl"
        )
    return JudgedQuery("", text)


def _with_ids(
    present: Sequence[JudgedQuery], added: Iterable[JudgedQuery]
) -> tuple[JudgedQuery, ...]:
    """`present`, then those of `added` that are new; made ids go on where the highest ended."""
    queries = {query.id: query for query in present}
    texts = {query.text for query in present}
    taken = [query.id for query in (*present, *added)]
    numbers = (int(match[1]) for name in taken if (match := _MADE_ID.fullmatch(name)))
    last = max(numbers, default=0)
    for query in added:
        known = queries.get(query.id)
        if known is not None and known.text != query.text:
            raise JudgmentsError(
                f"query id {query.id!r} is {query.text!r} in the added file and {known.text!r} "
                "in the collection; give the added one another id, or none"
            )
        if known is not None or query.text in texts:
            continue
        name = query.id
        if not name:
            last += 1
            name = f"q{last:03}"
        queries[name] = JudgedQuery(name, query.text, query.query_class)
        texts.add(query.text)
    return tuple(queries.values())


def _check_lengths(queries: Iterable[JudgedQuery], directory: Path) -> None:
    for query in queries:
        if len(query.text) > MAX_TEXT:
            raise JudgmentsError(
                f"{directory / QUERIES_FILE}: query {query.id!r} has {len(query.text)} "
                f"characters, and a search takes at most {MAX_TEXT}; remove or shorten it"
            )


def _line(query: JudgedQuery) -> bytes:
    members = {"id": query.id, "text": query.text}
    if query.query_class:
        members["class"] = query.query_class
    return orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE)
