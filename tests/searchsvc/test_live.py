"""Live settings: what is served while their files come, break and go."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from indexer.settings import IndexSettings
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc import live as live_module
from searchsvc.errors import BadLiveSettingsError, LiveSettingsUnreadableError
from searchsvc.learned.file import LearnedFile
from searchsvc.live import Live, describe_ranking, effective_policy
from searchsvc.livedocuments import compile_synonyms, ranking_file, synonyms_file
from searchsvc.policy import Fusion, RankingOverrides, RankingPolicy
from searchsvc.segments.segments import Segments
from searchsvc.suggesting.document import SuggestionsDocument
from searchsvc.synonyms.document import SynonymsDocument
from searchsvc.synonyms.table import Synonyms
from tests.searchsvc.preferences.taught import teach

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from tests.conftest import Build
    from tests.searchsvc.conftest import MakeSettings

SHOES = [{"id": "1", "title": "Sneakers"}, {"id": "2", "title": "Trainers"}]
SYNONYMS = {"sets": [["sneaker", "trainer"]]}


def write(layout: IndexLayout, *, synonyms: Any = None, ranking: Any = None) -> None:
    """By an editor rather than by us."""
    for path, content in ((layout.synonyms_file, synonyms), (layout.ranking_file, ranking)):
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))


@pytest.fixture
def snapshot(build: Build, layout: IndexLayout) -> Snapshot:
    build(SHOES)
    return open_snapshot(layout)


def test_without_files_the_policy_is_that_of_the_service(
    layout: IndexLayout, snapshot: Snapshot, make_settings: MakeSettings
) -> None:
    settings = make_settings(semantic_weight=0.1)
    policy = effective_policy(layout, settings, snapshot)
    assert policy == settings.ranking_policy() == RankingPolicy(semantic_weight=0.1)
    live = Live.read(layout, snapshot, None)
    assert live.policy(settings.ranking_policy()) == policy
    assert live.refused == {}


def test_the_index_overrides_the_environment_and_that_the_default(
    layout: IndexLayout,
    snapshot: Snapshot,
    make_settings: MakeSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SEARCHSVC_SEMANTIC_WEIGHT", "0.1")
    monkeypatch.setenv("SEARCHSVC_FUSION", "rrf")
    monkeypatch.setenv("SEARCHSVC_RRF_K", "60")  # the default, but somebody said so
    write(layout, ranking={"semantic_weight": 0.9, "window": 500})
    settings = make_settings()
    policy = effective_policy(layout, settings, snapshot)
    assert policy == RankingPolicy(semantic_weight=0.9, fusion=Fusion.RRF)
    described = describe_ranking(settings, ranking_file(layout).read()[0])
    assert {name: entry["source"] for name, entry in described.items()} == {
        **dict.fromkeys(described, "default"),
        "semantic_weight": "index",
        "window": "index",
        "fusion": "environment",
        "rrf_k": "environment",
    }
    for name, entry in described.items():
        assert entry["value"] == getattr(policy, name)


def test_synonyms_are_compiled_for_the_language_of_the_index(
    layout: IndexLayout, snapshot: Snapshot, make_settings: MakeSettings
) -> None:
    write(layout, synonyms=SYNONYMS)
    synonyms = effective_policy(layout, make_settings(), snapshot).synonyms
    words = snapshot.analyzer.terms("red sneakers")
    (expansion,) = synonyms.expansions(words)
    assert (expansion.begin, expansion.end, expansion.texts) == (1, 2, ("trainer",))
    assert Live.read(layout, snapshot, None).synonyms == synonyms


def test_where_no_generation_is_served_words_are_taken_as_they_are(layout: IndexLayout) -> None:
    layout.root.mkdir(parents=True)
    write(layout, synonyms=SYNONYMS)
    live = Live.read(layout, None, None)
    assert live.synonyms.expansions(["sneaker"])
    assert not live.synonyms.expansions(["sneakers"])


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"synonyms": b"{"}, r"synonyms\.json: expected JSON"),
        ({"synonyms": {"sets": [["a", "a"]]}}, r"synonyms\.json: sets\[0\]\[1\]"),
        ({"synonyms": {"never": [["shoe", "shoes"]]}}, r"synonyms\.json: never\[0\].*same words"),
        ({"ranking": {"window": 0}}, r"ranking\.json: window: "),
    ],
)
def test_a_broken_file_is_an_error_to_whoever_asks_once(
    layout: IndexLayout,
    snapshot: Snapshot,
    make_settings: MakeSettings,
    files: dict[str, Any],
    message: str,
) -> None:
    write(layout, **files)
    with pytest.raises(LiveSettingsUnreadableError, match=message):
        effective_policy(layout, make_settings(), snapshot)


def test_nothing_is_read_again_before_something_changes(
    build: Build, layout: IndexLayout, snapshot: Snapshot
) -> None:
    write(layout, synonyms=SYNONYMS)
    first = Live.read(layout, snapshot, None)
    assert Live.read(layout, snapshot, first) is first
    write(layout, ranking={"window": 7})
    second = Live.read(layout, snapshot, first)
    assert (second.overrides.given(), second.synonyms) == ({"window": 7}, first.synonyms)
    layout.synonyms_file.unlink()
    third = Live.read(layout, snapshot, second)
    assert (third.synonyms, third.overrides) == (Synonyms.none(), second.overrides)
    build([*SHOES, {"id": "3", "title": "Boots"}])
    fourth = Live.read(layout, open_snapshot(layout), third)
    assert fourth is not third
    assert replace(fourth, generation=third.generation) == third


def test_a_broken_file_leaves_what_it_said_last_and_the_other_file_in_force(
    layout: IndexLayout, snapshot: Snapshot, caplog: pytest.LogCaptureFixture
) -> None:
    write(layout, synonyms=SYNONYMS, ranking={"window": 7})
    good = Live.read(layout, snapshot, None)
    write(layout, synonyms=b"{", ranking={"window": 8})
    broken = Live.read(layout, snapshot, good)
    assert broken.synonyms == good.synonyms
    assert broken.overrides.given() == {"window": 8}
    assert list(broken.refused) == ["synonyms.json"]
    write(layout, ranking=b"[]")
    both = Live.read(layout, snapshot, broken)
    assert (both.synonyms, both.overrides) == (good.synonyms, broken.overrides)
    assert list(both.refused) == ["synonyms.json", "ranking.json"]
    # Each refusal is told once, however often something else changes.
    assert sum("refused synonyms.json" in record.message for record in caplog.records) == 1
    assert sum("refused ranking.json" in record.message for record in caplog.records) == 1
    write(layout, synonyms=SYNONYMS, ranking={})
    healed = Live.read(layout, snapshot, both)
    assert (healed.refused, healed.overrides.given()) == ({}, {})


@pytest.mark.parametrize("name", ["synonyms.json", "ranking.json"])
def test_a_disk_that_fails_for_a_moment_is_asked_again(
    layout: IndexLayout, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write(layout, synonyms=SYNONYMS, ranking={"window": 7})
    real = Path.open

    def failing(path: Path, *mode: Any) -> Any:
        if path.name == name:
            raise OSError(errno.EIO, "Input/output error")
        return real(path, *mode)

    with monkeypatch.context() as broken:
        broken.setattr(Path, "open", failing)
        first = Live.read(layout, snapshot, None)
        assert list(first.refused) == [name]
        assert Live.read(layout, snapshot, first) is first  # so that nothing is swapped
    healed = Live.read(layout, snapshot, first)
    assert healed.stamps == first.stamps
    assert (healed.refused, healed.overrides.given()) == ({}, {"window": 7})
    assert healed.synonyms.rules
    assert Live.read(layout, snapshot, healed) is healed


def test_broken_at_the_start_there_are_no_synonyms_and_no_overrides(
    layout: IndexLayout, snapshot: Snapshot
) -> None:
    write(layout, synonyms=b"", ranking=b"")
    live = Live.read(layout, snapshot, None)
    assert (live.synonyms, live.overrides) == (Synonyms.none(), RankingOverrides())
    assert set(live.refused) == {"synonyms.json", "ranking.json"}
    assert not any(str(layout.root) in reason for reason in live.refused.values())


def test_synonyms_outlive_a_change_of_language_that_they_fit(
    build: Build, layout: IndexLayout, snapshot: Snapshot
) -> None:
    write(layout, synonyms=SYNONYMS)
    english = Live.read(layout, snapshot, None)
    build(SHOES, settings=IndexSettings(language="none"), force=True)
    plain = Live.read(layout, open_snapshot(layout), english)
    assert plain.refused == {}
    assert not plain.synonyms.expansions(["sneakers"])
    assert plain.synonyms.expansions(["sneaker"])


def test_synonyms_that_fit_a_new_language_no_more_are_refused_until_they_are_mended(
    build: Build, layout: IndexLayout, snapshot: Snapshot
) -> None:
    del snapshot
    build(SHOES, settings=IndexSettings(language="none"), force=True)
    write(layout, synonyms={**SYNONYMS, "never": [["shoe", "shoes"]]})
    plain = Live.read(layout, open_snapshot(layout), None)
    assert plain.synonyms.never(["shoe"]) == ((0, 1, "shoes"),)
    build(SHOES, settings=IndexSettings(language="english"), force=True)
    english = open_snapshot(layout)
    stemmed = Live.read(layout, english, plain)
    assert "same words to this index" in stemmed.refused["synonyms.json"]
    assert stemmed.synonyms == Synonyms.none()
    write(layout, synonyms=SYNONYMS)
    mended = Live.read(layout, english, stemmed)
    assert (mended.refused, bool(mended.synonyms.rules)) == ({}, True)


def test_what_is_replaced_survives_the_next_reindex_and_rollback(
    build: Build, layout: IndexLayout, snapshot: Snapshot, make_settings: MakeSettings
) -> None:
    document = SynonymsDocument.model_validate(SYNONYMS)
    synonyms_file(layout).replace(document)
    before = effective_policy(layout, make_settings(), snapshot)
    for count in range(4):
        build([*SHOES, *({"id": f"x{n}", "title": "boot"} for n in range(count + 1))])
    assert effective_policy(layout, make_settings(), open_snapshot(layout)) == before
    assert synonyms_file(layout).read()[0] == document


def test_a_document_is_checked_by_the_words_of_the_index(snapshot: Snapshot) -> None:
    document = SynonymsDocument.model_validate({"never": [["sneaker", "sneakers"]]})
    compile_synonyms(document, None)
    with pytest.raises(BadLiveSettingsError, match=r"never\[0\].*'sneaker'"):
        compile_synonyms(document, snapshot)


def test_suggestions_are_compiled_for_the_language_of_the_index(
    layout: IndexLayout, snapshot: Snapshot
) -> None:
    layout.suggestions_file.write_bytes(orjson.dumps({"blocked": ["sneaker"]}))
    live = Live.read(layout, snapshot, None)
    assert live.curation.blocks(snapshot.analyzer.terms("red Sneakers"))
    assert not Live.read(layout, None, None).curation.blocks(["sneakers"])


def test_a_broken_suggestions_file_leaves_what_it_said_last(
    layout: IndexLayout, snapshot: Snapshot
) -> None:
    layout.suggestions_file.write_bytes(orjson.dumps({"blocked": ["sneaker"]}))
    good = Live.read(layout, snapshot, None)
    layout.suggestions_file.write_bytes(orjson.dumps({"blocked": ["?"]}))
    broken = Live.read(layout, snapshot, good)
    assert "blocked[0]: '?' has no word" in broken.refused["suggestions.json"]
    assert broken.curation == good.curation
    assert not Live.read(layout, snapshot, None).curation.blocked
    layout.suggestions_file.unlink()
    gone = Live.read(layout, snapshot, broken)
    assert (gone.refused, gone.curation.blocked) == ({}, frozenset())


def test_suggestions_that_fit_the_language_no_more_are_dropped(layout: IndexLayout) -> None:
    layout.root.mkdir(parents=True)
    layout.suggestions_file.write_bytes(orjson.dumps({"blocked": ["sneaker"]}))
    good = Live.read(layout, None, None)
    layout.suggestions_file.write_bytes(b"{")
    unfit = replace(good, curation=replace(good.curation, document=_WORDLESS))
    assert Live.read(layout, None, unfit).curation.blocked == frozenset()


_WORDLESS = SuggestionsDocument(blocked=("?",))


# Segments, experiment, what was learned.

ONE = {"segments": [{"name": "one", "boosts": [{"filter": "brand:Acme", "weight": 0.5}]}]}
TEST = {"name": "test", "arms": [{"name": "only", "share": 100}]}
MODEL = teach({"1": {"brand": ["Acme"]}}, {"1": 2.0})


def write_json(path: Path, content: object) -> None:
    path.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))


def test_people_are_what_the_files_say(layout: IndexLayout, snapshot: Snapshot) -> None:
    before = Live.read(layout, snapshot, None)
    assert (before.segments, before.experiment, before.learned) == (Segments.none(), None, None)
    write_json(layout.segments_file, ONE)
    write_json(layout.experiment_file, TEST)
    LearnedFile(layout).replace(MODEL)
    live = Live.read(layout, snapshot, before)
    assert [it.name for it in live.segments.segments] == ["one"]
    assert live.experiment is not None
    assert live.experiment.arms[0].label == "test/only"
    assert live.learned is not None
    assert live.learned.ids[0] == "1"
    assert live.refused == {}
    for file in (layout.segments_file, layout.experiment_file, layout.learned_file):
        file.unlink()
    gone = Live.read(layout, snapshot, live)
    assert (gone.segments, gone.experiment, gone.learned) == (Segments.none(), None, None)


BROKEN = [
    pytest.param("segments", b"{", "expected JSON", id="segments: no JSON"),
    pytest.param(
        "segments", {"segments": [{"name": "A b"}]}, "segments.0.name", id="segments: a name"
    ),
    pytest.param(
        "segments",
        {"segments": [{"name": "one", "when": {"fact": "x"}}]},
        "segments[0].when",
        id="segments: a condition",
    ),
    pytest.param("experiment", {"name": "test"}, "arms: none", id="experiment"),
    pytest.param("learned", b"no arrays at all", "is damaged", id="learned"),
]


@pytest.mark.parametrize(("name", "content", "word"), BROKEN)
def test_a_broken_file_about_people_leaves_what_it_said_last(
    layout: IndexLayout, snapshot: Snapshot, name: str, content: object, word: str
) -> None:
    write_json(layout.segments_file, ONE)
    write_json(layout.experiment_file, TEST)
    LearnedFile(layout).replace(MODEL)
    before = Live.read(layout, snapshot, None)
    path = getattr(layout, f"{name}_file")
    # As an editor or a copy leaves it: the mapped file itself is never written to.
    aside = path.with_name("aside")
    write_json(aside, content)
    aside.replace(path)
    live = Live.read(layout, snapshot, before)
    assert list(live.refused) == [path.name]
    assert word in live.refused[path.name]
    assert live.segments == before.segments
    assert live.experiment == before.experiment
    assert live.learned is before.learned
    assert live.notes() == [f"refused {path.name}: {live.refused[path.name]}"]
    path.unlink()
    healed = Live.read(layout, snapshot, live)
    assert healed.refused == {}


@pytest.mark.parametrize(("name", "content", "word"), BROKEN)
def test_broken_at_the_start_nothing_is_known_of_anybody(
    layout: IndexLayout, snapshot: Snapshot, name: str, content: object, word: str
) -> None:
    path = getattr(layout, f"{name}_file")
    write_json(path, content)
    live = Live.read(layout, snapshot, None)
    assert word in live.refused[path.name]
    assert (live.segments, live.experiment, live.learned) == (Segments.none(), None, None)


def test_a_model_is_not_read_again_because_another_file_changed(
    layout: IndexLayout, snapshot: Snapshot
) -> None:
    LearnedFile(layout).replace(MODEL)
    before = Live.read(layout, snapshot, None)
    write(layout, ranking={"window": 7})
    live = Live.read(layout, snapshot, before)
    assert live is not before
    assert live.learned is before.learned
    LearnedFile(layout).replace(MODEL)
    assert Live.read(layout, snapshot, live).learned is not before.learned


def test_what_a_generation_lacks_is_told_in_a_few_lines(
    layout: IndexLayout, snapshot: Snapshot, caplog: pytest.LogCaptureFixture
) -> None:
    boosts = [{"filter": f"attributes.nowhere{n}:x", "weight": 1} for n in range(5)]
    write_json(layout.segments_file, {"segments": [{"name": "one", "boosts": boosts}]})
    live = Live.read(layout, snapshot, None)
    notes = live.notes()
    assert len(notes) == 4
    assert notes[0].startswith("segments.json has no effect at segments[0].boosts[0].filter")
    assert notes[-1] == "nor at 2 more places of segments.json"
    logged = [record.message for record in caplog.records]
    assert logged == [f"index shop: {note}" for note in notes]
    write(layout, ranking={"window": 7})
    Live.read(layout, snapshot, live)
    assert len(caplog.records) == len(logged)  # told once


def test_the_last_good_segments_are_compiled_for_a_new_generation(
    layout: IndexLayout, build: Build
) -> None:
    build(SHOES)
    english = open_snapshot(layout)
    when = {"query": ["shoes"]}
    boosts = [{"filter": "brand:Acme", "weight": 0.5, "when": when}]
    write_json(layout.segments_file, {"segments": [{"name": "one", "boosts": boosts}]})
    good = Live.read(layout, english, None)
    write_json(layout.segments_file, b"{")
    build(SHOES, settings=IndexSettings(language="german"), force=True)
    german = open_snapshot(layout)
    kept = Live.read(layout, german, good)
    assert list(kept.refused) == ["segments.json"]
    assert kept.segments.document == good.segments.document
    contexts = [it.rules[0].context for it in (good.segments, kept.segments)]
    assert [it.queries for it in contexts if it] == [
        (frozenset(snapshot.analyzer.terms("shoes")),) for snapshot in (english, german)
    ]
    assert contexts[0] != contexts[1]


def test_a_document_that_fits_no_more_is_kept_without_its_segments(
    layout: IndexLayout, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_json(layout.segments_file, ONE)
    good = Live.read(layout, snapshot, None)

    def refuse(_document: object, _snapshot: object) -> None:
        raise BadLiveSettingsError("fits no more")

    monkeypatch.setattr(live_module, "compile_segments", refuse)
    write(layout, ranking={"window": 7})
    live = Live.read(layout, snapshot, good)
    assert live.refused == {"segments.json": "segments.json: fits no more"}
    assert live.segments == Segments.none()
