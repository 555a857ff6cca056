"""``searchsvc reindex --delta`` and ``--compact``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from typer.testing import CliRunner

from indexer.build.delta import LARGEST_DRIFT
from searchsvc.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from indexer.layout import IndexLayout
    from tests.conftest import Build

PRODUCTS = [{"id": f"p{n:02}", "title": f"red shoe {n}", "price": "5 EUR"} for n in range(20)]


@pytest.fixture(autouse=True)
def _catalogue(build: Build, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(PRODUCTS)
    monkeypatch.setenv("SEARCHSVC_DATA_DIR", str(data_dir))


def run(*arguments: str, code: int = 0, text: str | None = None) -> Result:
    result = CliRunner().invoke(app, ["reindex", "--index", "shop", *arguments], input=text)
    assert result.exit_code == code, result.output
    return result


def lines(*records: dict[str, Any]) -> str:
    return "".join(orjson.dumps(record).decode() + "\n" for record in records)


def test_a_delta_from_standard_input_tells_what_it_did(layout: IndexLayout) -> None:
    text = lines(
        {"id": "p01", "price": "4 EUR"},
        {"id": "p02", "title": "straw hat"},
        {"id": "p03", "delete": True},
        {"id": "x", "op": "upsert", "title": "wool coat"},
        {"id": "nobody", "price": "1 EUR"},
    )
    shown = run("--delta", "-", text=text, code=0).stdout
    assert "20 products: 1 added, 2 updated (1 with other texts), 1 removed" in shown
    assert "embedded 2 texts" in shown
    assert "left out 1 bad records" in shown
    assert "1 x id: expected the id of a product" in shown
    assert str(layout.current()) in shown


def test_json_has_the_whole_report_and_the_compaction(tmp_path: Path) -> None:
    delta = tmp_path / "delta.jsonl"
    many = [{"id": f"p{n:02}", "title": "hat"} for n in range(int(20 * LARGEST_DRIFT) + 1)]
    delta.write_text(lines(*many))
    report = orjson.loads(run("--delta", str(delta), "--json").stdout)
    assert (report["published"], report["compaction_due"]) == ("merge", True)
    assert report["compaction"]["embedded"] == 0
    delta.write_text(lines({"id": "p01", "price": "4 EUR"}))
    report = orjson.loads(run("--delta", str(delta), "--json").stdout)
    assert (report["published"], report["compaction"]) == ("patch", None)


def test_compaction_can_be_left_for_later(tmp_path: Path) -> None:
    delta = tmp_path / "delta.csv"
    delta.write_text("id,title\n" + "".join(f"p{n:02},hat\n" for n in range(5)))
    shown = run("--delta", str(delta), "--no-compact").stdout
    assert "5 products have changed since the last full build" in shown
    assert "compacted" in run("--compact").stdout
    assert "nothing to compact" in run("--compact").stdout
    assert orjson.loads(run("--compact", "--json").stdout)["unchanged"] is True


def test_a_delta_can_be_compacted_in_any_case() -> None:
    shown = run("--delta", "-", "--compact", text=lines({"id": "p01", "price": "4 EUR"})).stdout
    assert "1 updated (0 with other texts)" in shown
    assert "compacted" in shown


def test_the_mode_says_what_records_ask_for() -> None:
    text = lines({"id": "p01", "title": "red shoe 1"})
    assert "nothing changed" in run("--delta", "-", text=text).stdout
    assert "1 updated" in run("--delta", "-", "--mode", "upsert", text=text).stdout


def test_a_refused_delta_says_why_and_can_be_forced() -> None:
    text = lines(*({"id": it["id"], "delete": True} for it in PRODUCTS[:10]))
    assert "shrink by more than 30%" in run("--delta", "-", text=text, code=1).stderr
    shown = run("--delta", "-", "--force", text=text).stdout
    assert "forced: the delta leaves 10 of 20 products" in shown


def test_a_feed_with_a_mode_says_that_it_would_have_replaced_everything(
    tmp_path: Path, layout: IndexLayout
) -> None:
    before = layout.current()
    feed = tmp_path / "few.csv"
    feed.write_text("id,title\np01,red shoe\n")
    told = " ".join(run(str(feed), "--mode", "upsert", "--force", code=2).stderr.split())
    assert "--mode is for deltas" in told.replace("│ ", "")
    assert layout.current() == before


def test_rejected_records_are_objects_in_json() -> None:
    text = lines({"id": "nobody", "price": "1 EUR"})
    (example,) = orjson.loads(run("--delta", "-", "--json", text=text).stdout)["examples"]
    assert (example["product_id"], example["field"]) == ("nobody", "id")


def test_an_index_that_is_not_there_is_named() -> None:
    result = run("--delta", "-", "--index", "other", text="", code=1)
    assert "there is no index 'other'" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--no-compact",),
        ("feed.jsonl", "--delta", "d.jsonl"),
        ("feed.jsonl", "--compact"),
        ("feed.jsonl", "--no-compact"),
        ("feed.jsonl", "--compact", "--watch", "10m"),
        ("feed.jsonl", "--mode", "upsert"),
        ("feed.jsonl", "--mode", "update", "--watch", "10m"),
        ("--compact", "--mode", "delete"),
        ("--delta", "d.jsonl", "--watch", "10m"),
        ("--delta", "d.jsonl", "--settings", "s.json"),
        ("--compact", "--model", "hashing-64"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert "Usage:" in run(*arguments, code=2).stderr
