from __future__ import annotations

import os
import shutil
import threading
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from indexer.embedding.hashing import HashingEmbedder
from indexer.embedding.onnx import OnnxEmbedder
from indexer.layout import IndexLayout
from indexer.publish import writer
from indexer.settings import GateBound, GateSettings, IndexSettings
from searchsvc import changer as module
from searchsvc import embedders
from searchsvc.changer import Changer, serve
from searchsvc.cli.recipe import recipe_for
from tests.tiny_bert import write_tiny_model

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Build
    from tests.searchsvc.conftest import MakeSettings

PRODUCTS = [{"id": "a", "title": "Red shoe"}, {"id": "b", "title": "Blue shoe"}]


def ask(changer: Changer, *products: Any, index: str = "shop", **changes: Any) -> dict[str, Any]:
    request = {"index": index, "mode": "update", "force": False, "products": products} | changes
    answer: dict[str, Any] = orjson.loads(changer.answer(orjson.dumps(request)))
    return answer


@pytest.fixture
def changer(build: Build, make_settings: MakeSettings) -> Changer:
    build(PRODUCTS)
    return Changer(make_settings())


def test_a_delta_is_applied_and_reported(changer: Changer) -> None:
    report = ask(changer, {"id": "a", "price": "5 EUR"}, {"id": "x", "delete": True})["report"]
    assert (report["published"], report["updated"], report["rejected"]) == ("patch", 1, 1)
    assert not changer.embedders


def test_the_model_is_opened_once_and_only_for_texts(changer: Changer) -> None:
    assert ask(changer, {"id": "a", "title": "Red boot"})["report"]["embedded"] == 1
    (embedder,) = changer.embedders.values()
    assert ask(changer, {"id": "b", "title": "Blue boot"})["report"]["published"] == "merge"
    assert list(changer.embedders.values()) == [embedder]


def test_a_model_is_known_by_what_it_is_and_not_by_its_name(
    build: Build, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other(HashingEmbedder):
        @property
        def fingerprint(self) -> str:
            return "f" * 64

    build(PRODUCTS)
    changer = Changer(make_settings())
    assert "report" in ask(changer, {"id": "a", "title": "Red boot"})
    build(PRODUCTS, embedder=Other(64), force=True)  # of the same name
    assert ask(changer, {"id": "a", "title": "Red hat"})["error"][0] == "ModelMismatchError"
    monkeypatch.setattr(embedders, "open_embedder", lambda *_: Other(64))
    assert "report" in ask(changer, {"id": "a", "title": "Red hat"})


def test_a_model_is_found_whatever_its_directory_is_called(
    build: Build, make_settings: MakeSettings, tmp_path: Path
) -> None:
    settings = make_settings()
    model = write_tiny_model(tmp_path)
    build(PRODUCTS, embedder=OnnxEmbedder.open(model))
    settings.models_dir.mkdir(exist_ok=True)
    shutil.copytree(model, settings.models_dir / "another-name")
    assert ask(Changer(settings), {"id": "a", "title": "Red boot"})["report"]["embedded"] == 1
    recipe = recipe_for(IndexLayout.of(settings.data_dir, "shop"), settings)
    assert recipe.embedder.fingerprint == OnnxEmbedder.open(model).fingerprint


def test_what_fails_is_told_by_its_kinds(changer: Changer) -> None:
    refused = ask(changer, {"id": "a", "delete": True}, {"id": "b", "delete": True})
    assert refused["error"][:2] == ["FeedRefusedError", "FeedError"]
    assert "removes all 2 products" in refused["message"]
    assert "SnapshotMissingError" in ask(changer, index="other")["error"]
    assert "SettingsError" in ask(changer, index="No Name")["error"]


def test_a_gate_that_cannot_be_evaluated_refuses(
    build: Build, make_settings: MakeSettings
) -> None:
    gate = GateSettings(judgments="judged", bounds=(GateBound(measure="nDCG@10", min=0.1),))
    build(PRODUCTS, settings=IndexSettings(gate=gate), force=True)
    changer = Changer(make_settings())
    assert ask(changer, {"id": "a", "title": "Red boot"})["error"][0] == "GateRefusedError"
    assert "report" in ask(changer, {"id": "a", "price": "1 EUR"})
    assert "report" in ask(changer, {"id": "a", "title": "Red boot"}, force=True)


def test_another_writer_is_waited_for_but_not_for_long(
    changer: Changer, layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writer(layout):
        monkeypatch.setattr(module, "_LOCK_SECONDS", 0.1)
        assert ask(changer, {"id": "a", "price": "5 EUR"})["error"][0] == "IndexLockedError"
        monkeypatch.setattr(module, "_LOCK_SECONDS", 30.0)
        answers: list[dict[str, Any]] = []
        asking = threading.Thread(
            target=lambda: answers.append(ask(changer, {"id": "a", "price": "5 EUR"}))
        )
        asking.start()
    asking.join()
    assert "report" in answers[0]


def test_it_answers_line_by_line_until_nobody_asks(
    changer: Changer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for closes in (True, False):
        monkeypatch.setattr(module, "IDLE_SECONDS", 30.0 if closes else 0.2)
        (asked, ask_here), (read_here, answered) = os.pipe(), os.pipe()
        request = {"index": "shop", "mode": "update", "force": False, "products": []}
        os.write(ask_here, orjson.dumps(request) + b"\n")
        if closes:
            os.close(ask_here)
        with os.fdopen(asked, "rb") as requests, os.fdopen(answered, "wb") as answers:
            serve(changer, requests, answers)
        with os.fdopen(read_here, "rb") as lines:
            (line,) = lines.readlines()
        assert orjson.loads(line)["report"]["published"] == "nothing"
        if not closes:
            os.close(ask_here)
