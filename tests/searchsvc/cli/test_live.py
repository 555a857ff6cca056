"""``searchsvc synonyms``, ``searchsvc ranking`` and ``searchsvc suggestions``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from searchsvc.cli import search as search_module
from searchsvc.cli.main import app
from searchsvc.http.app import create_app
from searchsvc.livefile import MAX_BYTES
from searchsvc.policy import RankingPolicy, ranking_settings
from searchsvc.settings import Settings
from tests.searchsvc.eventually import eventually

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from tests.conftest import Build

SYNONYMS: dict[str, Any] = {
    "sets": [["sneaker", "trainer", "running shoe"]],
    "one_way": [{"from": "boot", "to": ["wellie", "gumboot"]}],
    "never": [["vans", "minivan"]],
}
RANKING: dict[str, Any] = {"semantic_weight": 0.25, "fusion": "rrf"}
SUGGESTIONS: dict[str, Any] = {
    "queries": [{"text": "blue trainers", "count": 7}, {"text": "sneakers", "count": 90}],
    "blocked": ["gun"],
}
EXPERIMENT: dict[str, Any] = {
    "name": "rrf",
    "salt": "",
    "traffic": 50,
    "arms": [
        {"name": "control", "share": 60, "strength": None, "ranking": {}},
        {"name": "bold", "share": 40, "strength": 90, "ranking": {"fusion": "rrf"}},
    ],
}
SEGMENTS: dict[str, Any] = {
    "strength": 80.0,
    "timezone": "UTC",
    "segments": [
        {
            "name": "coast",
            "title": None,
            "when": {"fact": "country", "eq": "DE"},
            "listed": True,
            "like": None,
            "enabled": True,
            "boosts": [],
        }
    ],
}
DOCUMENTS = {
    "synonyms": SYNONYMS,
    "ranking": RANKING,
    "suggestions": SUGGESTIONS,
    "segments": SEGMENTS,
    "experiment": EXPERIMENT,
}
each = pytest.mark.parametrize("kind", DOCUMENTS)


@pytest.fixture(autouse=True)
def _environment(
    tmp_path: Path, data_dir: Path, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("SEARCHSVC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SEARCHSVC_DATA_DIR", str(data_dir))
    monkeypatch.setenv("SEARCHSVC_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.chdir(tmp_path)
    build([{"id": "1", "title": "Red sneakers"}, {"id": "2", "title": "Blue trainers"}])


def run(*arguments: str, code: int = 0, given: bytes | None = None) -> Result:
    result = CliRunner().invoke(app, [*arguments, "--index", "shop"], input=given)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def run_json(*arguments: str, code: int = 0, given: bytes | None = None) -> Any:
    result = run(*arguments, "--json", code=code, given=given)
    assert result.stderr == ""
    return json.loads(result.stdout)


def write(content: object, path: str = "given.json") -> str:
    Path(path).write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


@each
def test_what_is_set_is_shown_and_cleared(kind: str, layout: IndexLayout) -> None:
    changed = run_json(kind, "set", write(DOCUMENTS[kind]))
    assert (changed["index"], len(changed["version"])) == ("shop", 16)
    assert json.loads((layout.root / f"{kind}.json").read_bytes()) == DOCUMENTS[kind]
    shown = run_json(kind, "show")
    assert (shown["overrides"] if kind == "ranking" else shown) == DOCUMENTS[kind]
    assert run_json(kind, "clear") == {"index": "shop", "version": "none"}
    assert not (layout.root / f"{kind}.json").exists()


@each
def test_people_are_told_what_was_done(kind: str) -> None:
    shown = run(kind, "set", write(DOCUMENTS[kind])).stdout
    assert shown.startswith("shop: ")
    assert "replaced (version " in shown
    assert "removed (version none)" in run(kind, "clear").stdout


def test_synonyms_are_shown_line_by_line() -> None:
    run("synonyms", "set", write(SYNONYMS))
    assert run("synonyms", "show").stdout.splitlines()[1:] == [
        "  sneaker = trainer = running shoe",
        "  boot -> wellie, gumboot",
        "  vans is never minivan",
    ]


def test_suggestions_are_shown_most_asked_first_and_what_is_blocked() -> None:
    run("suggestions", "set", write(SUGGESTIONS))
    assert run("suggestions", "show").stdout.splitlines()[1:] == [
        "        90  sneakers",
        "         7  blue trainers",
        "   blocked  gun",
    ]


def test_an_experiment_is_shown_arm_by_arm_with_what_differs() -> None:
    assert run("experiment", "show").stdout.splitlines()[1:] == ["  no experiment runs"]
    run("experiment", "set", write(EXPERIMENT))
    assert run("experiment", "show").stdout.splitlines()[1:] == [
        "  rrf: 50 % of the shoppers",
        "  control     60 %  as the index is",
        "  bold        40 %  strength 90, fusion rrf",
    ]


def test_a_ranking_is_shown_with_where_each_value_comes_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SEARCHSVC_WINDOW", "77")
    run("ranking", "set", write(RANKING))
    lines = [line.split() for line in run("ranking", "show").stdout.splitlines()[1:]]
    assert [line[0] for line in lines] == list(ranking_settings())
    assert ["semantic_weight", "0.25", "index"] in lines
    assert ["fusion", "rrf", "index"] in lines
    assert ["window", "77", "environment"] in lines
    assert ["rrf_k", "60", "default"] in lines
    found = run_json("ranking", "show")["settings"]
    assert found["window"] == {"value": 77, "source": "environment"}


@each
def test_a_document_may_come_from_standard_input(kind: str) -> None:
    run(kind, "set", "-", given=json.dumps(DOCUMENTS[kind]).encode())
    shown = run_json(kind, "show")
    assert (shown["overrides"] if kind == "ranking" else shown) == DOCUMENTS[kind]


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("synonyms", "{", ("expected JSON",)),
        ("synonyms", {"sets": [["a"]]}, ("sets.0", "at least 2")),
        ("suggestions", {"blocked": ["?"]}, ("blocked[0]", "no word")),
        ("suggestions", {"queries": [{"text": "a", "count": 0}]}, ("queries.0.count", "1")),
        ("synonyms", {"never": [["sneaker", "sneakers"]]}, ("never[0]", "same words")),
        ("synonyms", {"sets": [["[bold]", "[bold]"]]}, ("'[bold]' is sets[0][0] already",)),
        ("synonyms", " " * (MAX_BYTES + 1), ("262,144 bytes",)),
        ("ranking", {"semantic_weight": 2}, ("semantic_weight", "found 2")),
        ("ranking", {"weight": 2}, ("weight: unknown, expected one of fusion",)),
    ],
)
def test_what_is_not_valid_is_wrong_usage_and_changes_nothing(
    kind: str, content: object, words: tuple[str, ...]
) -> None:
    run(kind, "set", write(DOCUMENTS[kind]))
    before = run_json(kind, "show")
    file = write(content)
    shown = run(kind, "set", file, code=2)
    failure = run_json(kind, "set", file, code=2)
    assert failure["error"] == "BadLiveSettingsError"
    for word in words:
        assert word in shown.stderr
        assert word in failure["message"]
    assert run_json(kind, "show") == before


@each
def test_a_file_that_is_not_there_is_wrong_usage(kind: str) -> None:
    assert "nope.json cannot be read" in run(kind, "set", "nope.json", code=2).stderr


@each
@pytest.mark.parametrize("command", [("show",), ("set", "given.json"), ("clear",)])
def test_an_index_that_is_not_there_says_how_to_build_it(
    kind: str, command: tuple[str, ...], data_dir: Path
) -> None:
    write({})
    result = CliRunner().invoke(app, [kind, *command, "--index", "nope"])
    assert result.exit_code == 1
    assert "searchsvc reindex FEED --index nope" in result.stderr
    assert not (data_dir / "nope").exists()


@each
def test_a_broken_stored_file_is_a_failure_to_show_and_may_be_replaced(
    kind: str, layout: IndexLayout
) -> None:
    (layout.root / f"{kind}.json").write_text("{")
    assert f"{kind}.json: expected JSON" in run(kind, "show", code=1).stderr
    if kind not in ("suggestions", "segments", "experiment"):  # a search here has none
        assert f"{kind}.json: expected JSON" in run("search", "shoe", code=1).stderr
    run(kind, "set", write(DOCUMENTS[kind]))
    run("search", "shoe")


def test_the_command_line_searches_with_the_index_s_own_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[RankingPolicy] = []
    real = search_module.run_search

    def spy(query: Any, snapshot: Any, embedder: Any, policy: RankingPolicy, *more: Any) -> Any:
        seen.append(policy)
        return real(query, snapshot, embedder, policy, *more)

    monkeypatch.setattr(search_module, "run_search", spy)
    run("search", "sneaker")
    run("ranking", "set", write(RANKING))
    run("synonyms", "set", write(SYNONYMS))
    run("search", "sneaker")
    assert seen[0] == RankingPolicy()
    assert (seen[1].semantic_weight, bool(seen[1].synonyms.rules)) == (0.25, True)


def test_a_running_service_takes_up_what_the_command_line_sets() -> None:
    service_settings = Settings(poll_seconds=0.02)
    with TestClient(create_app(service_settings)) as client:

        def weight() -> dict[str, Any]:
            settings = client.get("/v1/indexes/shop/ranking").json()["settings"]
            found: dict[str, Any] = settings["semantic_weight"]
            return found

        service = client.app.state.context.service  # type: ignore[attr-defined]
        assert weight()["source"] == "default"
        run("ranking", "set", write(RANKING))
        assert weight() == {"value": 0.25, "source": "index"}
        eventually(lambda: service.state("shop").policy.semantic_weight == 0.25)
        run("ranking", "clear")
        eventually(lambda: service.state("shop").policy == RankingPolicy())


def test_a_wrong_key_in_the_environment_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SEARCHSVC_ADMIN_KEY", "open sesame")
    shown = run("ranking", "show", code=2).stderr
    assert "SEARCHSVC_ADMIN_KEY" in shown
    assert "sesame" not in shown
