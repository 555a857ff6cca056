"""``searchsvc tune``: what it prints, writes and refuses to write."""

from __future__ import annotations

import json
import os
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from searchsvc.cli.main import app
from searchsvc.livedocuments import ranking_file

if TYPE_CHECKING:
    from indexer.layout import IndexLayout

COLOURS = ("red", "blue", "green", "black", "white")
THINGS = ("shoe", "hat", "coat", "glove", "scarf", "belt", "bag", "sock")
RECORDS = [
    {"id": f"p{number}", "title": f"{colour} {thing}", "description": "A gift for all seasons."}
    for number, (colour, thing) in enumerate(product(COLOURS, THINGS))
]
# Eight hashed components tell little about a text: who ranks by them alone ranks badly.
MODEL = ("--model", "hashing-8")
BAD = {"semantic_weight": 1.0, "min_cosine_share": 0.0, "strictness": 0.5}


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SEARCHSVC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SEARCHSVC_DATA_DIR", str(data_dir))
    monkeypatch.setenv("SEARCHSVC_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _shop() -> None:
    Path("feed.jsonl").write_bytes(b"\n".join(orjson.dumps(record) for record in RECORDS))
    run("reindex", "feed.jsonl", "--index", "shop", *MODEL)
    Path("judged").mkdir()
    queries = [{"id": f"q-{r['id']}", "text": r["title"]} for r in RECORDS]
    Path("judged/queries.jsonl").write_bytes(b"\n".join(orjson.dumps(q) for q in queries))
    lines = [f"q-{r['id']}\t{r['id']}\t3\n" for r in RECORDS]
    Path("judged/qrels.tsv").write_text("".join(lines))


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, (result.output, result.exception)
    return result


def tune(*arguments: str, code: int = 0) -> Result:
    return run("tune", "judged", "--index", "shop", *arguments, code=code)


def words(shown: str) -> str:
    """What a box around a message says, without the box."""
    return " ".join(shown.replace("│", "").split())


def rank_badly(layout: IndexLayout) -> None:
    layout.ranking_file.write_bytes(orjson.dumps(BAD))


def overrides(layout: IndexLayout) -> dict[str, Any]:
    return ranking_file(layout).read()[0].given()


def test_a_bad_weight_is_found_and_applied_at_once(layout: IndexLayout) -> None:
    rank_badly(layout)
    shown = tune("--apply").stdout
    assert "shop: nDCG@10 of g0" in shown
    assert "40 queries in 5 folds" in shown
    assert "a significant gain" in shown
    assert "semantic_weight 1 -> " in shown
    assert f"wrote {layout.ranking_file}" in shown
    found = overrides(layout)
    assert found["semantic_weight"] < 1
    assert found.keys() >= BAD.keys()


def test_without_apply_or_out_nothing_is_written(layout: IndexLayout, tmp_path: Path) -> None:
    rank_badly(layout)
    before = sorted(tmp_path.rglob("*"))
    assert "a significant gain" in tune().stdout
    assert overrides(layout) == BAD
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_written_is_what_the_other_commands_take(layout: IndexLayout) -> None:
    rank_badly(layout)
    answer = json.loads(tune("--out", "tuned", "--json").stdout)
    assert answer["written"] == ["tuned/ranking.json"]
    new = {change["setting"]: change["new"] for change in answer["changes"]}
    run("ranking", "set", "tuned/ranking.json", "--index", "shop")
    assert overrides(layout) == {**BAD, **new}


def test_field_weights_come_as_settings_for_the_next_reindex(layout: IndexLayout) -> None:
    # Here every product is its description, and the title another product's.
    swapped = [
        {**record, "description": record["title"], "title": other["title"]}
        for record, other in zip(RECORDS, RECORDS[9:] + RECORDS[:9], strict=True)
    ]
    Path("feed.jsonl").write_bytes(b"\n".join(orjson.dumps(record) for record in swapped))
    run("reindex", "feed.jsonl", "--index", "shop")
    layout.ranking_file.write_bytes(orjson.dumps({"semantic_weight": 0.0}))
    answer = json.loads(tune("--fields", "--folds", "2", "--out", "tuned", "--json").stdout)
    needs_reindex = [c["setting"] for c in answer["changes"] if c["needs_reindex"]]
    assert {"lexical.weights.title", "lexical.weights.description"} & set(needs_reindex)
    run("reindex", "feed.jsonl", "--index", "shop", "--settings", "tuned/settings.json")
    run("ranking", "set", "tuned/ranking.json", "--index", "shop")
    again = json.loads(tune("--json").stdout)
    assert again["held_out"]["current"] > answer["held_out"]["current"] + 0.1


def test_where_there_is_nothing_to_gain_nothing_is_written(layout: IndexLayout) -> None:
    shown = tune("--apply", "--out", "tuned", "--force").stdout
    assert "nothing to change" in shown
    assert not Path("tuned").exists()
    assert not layout.ranking_file.exists()


def test_an_insignificant_gain_is_written_by_force_only(
    layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    rank_badly(layout)
    monkeypatch.setattr("searchsvc.relevance.tuning.HeldOut.is_significant", False)
    assert "no significant gain" in tune("--apply").stdout
    assert overrides(layout) == BAD
    assert "wrote" in tune("--apply", "--force").stdout
    assert overrides(layout) != BAD


def test_somebody_else_s_change_in_the_meantime_is_not_overwritten(
    layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    rank_badly(layout)
    theirs = {"semantic_weight": 0.31}

    class Meanwhile:
        def __get__(self, *_: object) -> bool:
            layout.ranking_file.write_bytes(orjson.dumps(theirs))
            return True

    monkeypatch.setattr("searchsvc.relevance.tuning.HeldOut.is_significant", Meanwhile())
    assert "repeat the change" in tune("--apply", code=1).stderr
    assert overrides(layout) == theirs


def test_the_same_judgments_give_the_same_outcome(layout: IndexLayout) -> None:
    rank_badly(layout)
    assert tune("--json").stdout == tune("--json").stdout


def test_ranking_for_field_weights_of_the_future_is_not_applied() -> None:
    assert "after the reindex only" in words(tune("--fields", "--apply", code=2).stderr)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--measure", "nDGC@10"), 2, "unknown measure"),
        (("--folds", "41"), 1, "40 different queries cannot be split into 41 folds"),
        (("--index", "other"), 1, "there is no index 'other'"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: tuple[str, ...], code: int, message: str) -> None:
    result = run(
        "tune",
        "judged",
        *(() if "--index" in arguments else ("--index", "shop")),
        *arguments,
        code=code,
    )
    assert message in words(result.stderr)
