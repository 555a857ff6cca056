from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.catalogue.cli import write_catalogue
from benchmarks.cli import frame
from benchmarks.errors import BenchmarkError
from benchmarks.searchpage import (
    Subject,
    collection_subject,
    generated_subject,
    measure_searchpage,
    searchpage_table,
)
from indexer.embedding.hashing import HashingEmbedder
from searchsvc.settings import Settings

EMBEDDER = HashingEmbedder(64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searchpage")
    write_catalogue(folder / "shop", products=250, seed=5)
    queries = [{"id": "1", "text": "warm jacket"}, {"id": "2", "text": "lamp"}]
    (folder / "shop" / "queries.jsonl").write_bytes(b"\n".join(map(orjson.dumps, queries)))
    qrels = (folder / "shop" / "qrels.tsv").read_text().splitlines()
    labelled = [line.split("\t")[1:] for line in qrels[1:3]]
    lines = [qrels[0], *("\t".join((str(n), *rest)) for n, rest in enumerate(labelled, 1))]
    (folder / "shop" / "qrels.tsv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def subject(folder: Path) -> Subject:
    return collection_subject(folder / "shop", folder, EMBEDDER)


@pytest.fixture(scope="module")
def result(folder: Path, subject: Subject) -> dict[str, Any]:
    return measure_searchpage(subject, Settings(data_dir=folder))


def test_each_keystroke_and_each_page_is_asked(result: dict[str, Any]) -> None:
    rows = {row["name"]: row for row in result["workloads"]}
    assert rows["suggestion, as written"]["requests"] == len("warm jacket") + len("lamp")
    assert 0 < rows["suggestion, one typing error"]["requests"] <= len("warm jacket") + 1 + 5
    pages = [row for name, row in rows.items() if "suggestion" not in name]
    assert len(pages) == 5
    assert {row["requests"] for row in pages} == {2}
    for row in rows.values():
        assert 0 < row["milliseconds"]["median"] <= row["milliseconds"]["p99"]
    assert len(result["facets"]) == 8


def test_highlights_and_more_searches_make_an_answer_longer(result: dict[str, Any]) -> None:
    size = {row["name"]: row["bytes"]["median"] for row in result["workloads"]}
    assert size["the same without highlights"] < size["InstantSearch page"]
    alone = size["page with two facets refined, hits alone"]
    assert alone < size["the same with all of its three searches"]


def test_the_table_shows_all_of_it(result: dict[str, Any]) -> None:
    table = searchpage_table(result)
    assert "shop: 250 products, 2 queries, facets: " in table
    for row in result["workloads"]:
        assert row["name"] in table


def test_a_generated_catalogue_is_asked_for_what_its_products_say(tmp_path: Path) -> None:
    subject = generated_subject(1_000, tmp_path, EMBEDDER)
    assert subject == generated_subject(1_000, tmp_path, EMBEDDER)
    assert subject.queries is None


def test_queries_that_are_not_there_are_a_message(folder: Path, subject: Subject) -> None:
    with pytest.raises(BenchmarkError, match="shop has no query"):
        measure_searchpage(Subject("shop", subject.index, []), Settings(data_dir=folder))


def test_the_command_measures_what_it_is_given(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "open_default_embedder", lambda _: EMBEDDER)
    out = folder / "out.json"
    arguments = ["searchpage", str(folder / "shop"), "--data-dir", str(folder)]
    done = CliRunner().invoke(command.app, [*arguments, "--json", str(out)])
    assert done.exit_code == 0, done.output
    assert [entry["catalogue"] for entry in orjson.loads(out.read_bytes())] == ["shop"]
    nothing = CliRunner().invoke(command.app, ["searchpage"])
    assert nothing.exit_code == 2
