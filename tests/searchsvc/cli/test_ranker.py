"""``searchsvc ranker``: what it trains, writes, shows and removes."""

from __future__ import annotations

import json
import os
import sys
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from indexer.snapshot import open_snapshot
from searchsvc.cli.main import app
from searchsvc.live import Live, effective_policy
from searchsvc.query.query import Query
from searchsvc.serving import SearchService

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from searchsvc.settings import Settings
    from tests.searchsvc.conftest import MakeSettings

COLOURS = ("red", "blue", "green", "black", "white")
THINGS = ("shoe", "hat", "coat", "glove", "scarf", "belt", "bag", "sock")
RECORDS = [
    {"id": f"p{number:02}", "title": f"{colour} {thing}", "description": "A gift for all seasons."}
    for number, (colour, thing) in enumerate(product(COLOURS, THINGS))
]
# Ranked by eight hashed components alone, so that there is something to learn.
MODEL = ("--model", "hashing-8")
BAD = {"semantic_weight": 1.0, "all_words_weight": 0.0, "min_cosine": -1.0}


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SEARCHSVC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SEARCHSVC_DATA_DIR", str(data_dir))
    monkeypatch.setenv("SEARCHSVC_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _shop(layout: IndexLayout) -> None:
    pytest.importorskip("lightgbm", reason="needs the train extra")
    Path("feed.jsonl").write_bytes(b"\n".join(orjson.dumps(record) for record in RECORDS))
    run("reindex", "feed.jsonl", "--index", "shop", *MODEL)
    layout.ranking_file.write_bytes(orjson.dumps(BAD))
    Path("judged").mkdir()
    queries = [{"id": f"q-{r['id']}", "text": r["title"]} for r in RECORDS]
    Path("judged/queries.jsonl").write_bytes(b"\n".join(orjson.dumps(q) for q in queries))
    lines = [f"q-{r['id']}\t{r['id']}\t3\n" for r in RECORDS]
    Path("judged/qrels.tsv").write_text("".join(lines))


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings()


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, (result.output, result.exception)
    return result


def ranker(command: str, *arguments: str, code: int = 0) -> str:
    return run("ranker", command, *arguments, "--index", "shop", code=code).output


def train(*arguments: str, code: int = 0) -> str:
    return ranker("train", "judged", *arguments, code=code)


def as_json(command: str, *arguments: str) -> Any:
    result = run("ranker", command, *arguments, "--index", "shop", "--json")
    return json.loads(result.stdout)


def test_a_ranker_that_gains_on_others_is_written_and_served(
    layout: IndexLayout, settings: Settings
) -> None:
    shown = train()
    assert "shop: 40 queries, 796 candidates of g0" in shown
    assert "nDCG(judged_only=True)@10" in shown
    assert "a significant gain" in shown
    assert f"wrote {layout.ranker_file}" in shown
    assert effective_policy(layout, settings, open_snapshot(layout)).reranker is not None
    service = SearchService(settings)
    service.refresh()
    result = service.search("shop", Query("green scarf", limit=5, explain=True)).result
    service.close()
    assert json.loads(result.hits[0].product)["title"] == "green scarf"
    assert result.hits[0].explanation is not None
    assert result.hits[0].explanation.reranked_from is not None


def test_what_gains_nothing_is_written_by_force_only(layout: IndexLayout) -> None:
    layout.ranking_file.unlink()  # the default ranking finds them all
    answer = as_json("train", "judged")
    assert not answer["worth_it"]
    assert not answer["written"]
    assert "no significant gain" in answer["verdict"]
    assert not layout.ranker_file.exists()
    assert as_json("train", "judged", "--force")["written"]
    assert layout.ranker_file.exists()


def test_a_training_on_top_of_a_ranker_gives_the_same_ranker(layout: IndexLayout) -> None:
    train()
    before = layout.ranker_file.read_bytes()
    train()
    assert layout.ranker_file.read_bytes() == before


def test_show_tells_what_it_was_trained_on_and_what_has_changed(layout: IndexLayout) -> None:
    assert "no ranker; 'searchsvc ranker train DIR' makes one" in ranker("show")
    assert as_json("show") == {"index": "shop", "trees": 0, "origin": None, "changed": []}
    train()
    shown = ranker("show")
    assert "trees, trained on 40 queries of g0" in shown
    assert "nDCG@10 on held-out queries: " in shown
    assert "changed since" not in shown
    layout.ranking_file.write_bytes(orjson.dumps({**BAD, "semantic_weight": 0.75}))
    run("reindex", "feed.jsonl", "--index", "shop", "--model", "hashing-16")
    assert as_json("show")["changed"] == ["the setting semantic_weight", "the embedding model"]
    assert "changed since: the embedding model; train it again" in ranker("show")


def test_clear_removes_it(layout: IndexLayout) -> None:
    train()
    assert "ranker removed" in ranker("clear")
    assert not layout.ranker_file.exists()
    assert as_json("clear") == {"index": "shop", "trees": 0}


def test_a_broken_ranker_is_refused_keeps_the_last_good_one_and_can_be_trained_again(
    layout: IndexLayout, settings: Settings
) -> None:
    train()
    snapshot = open_snapshot(layout)
    good = Live.read(layout, snapshot, None)
    assert good.ranker is not None
    assert not good.refused
    assert Live.read(layout, snapshot, good) is good
    layout.ranker_file.write_bytes(b"no array file")
    broken = Live.read(layout, snapshot, good)
    assert list(broken.refused) == ["ranker.safetensors"]
    assert broken.ranker is good.ranker
    assert broken.policy(settings.ranking_policy()).reranker is good.ranker.reranker
    assert Live.read(layout, snapshot, None).ranker is None
    assert "ranker.safetensors: is damaged" in ranker("show", code=1)
    assert "ranker.safetensors: is damaged" in run("search", "hat", "-i", "shop", code=1).output
    train()
    healed = Live.read(layout, snapshot, broken)
    assert not healed.refused
    assert healed.ranker is not None
    layout.ranker_file.unlink()
    assert Live.read(layout, snapshot, healed).ranker is None


def test_without_lightgbm_nothing_is_written(
    layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    assert "pip install 'searchsvc[train]'" in train(code=1)
    assert not layout.ranker_file.exists()
