"""What is served while generations come, break and go."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from indexer import snapshot as snapshots
from indexer.columns import Columns
from indexer.embedding.onnx import OnnxEmbedder
from indexer.layout import IndexLayout
from indexer.manifest import MANIFEST_FILE
from indexer.publish import rollback
from indexer.settings import EmbeddingSettings, IndexSettings, VectorSettings
from indexer.snapshot import Snapshot
from indexer.storage import StringTable
from searchsvc import serving
from searchsvc.errors import IndexNotFoundError, NotReadyError, ProductNotFoundError
from searchsvc.experiments.document import ExperimentDocument
from searchsvc.learned.file import LearnedFile
from searchsvc.livedocuments import EXPERIMENT, SEGMENTS, ranking_file
from searchsvc.opened import Opened
from searchsvc.personalizing.personalization import NotApplied
from searchsvc.policy import RankingOverrides, RankingPolicy
from searchsvc.query.query import Query
from searchsvc.results.sort_keys import parse_sort
from searchsvc.segments.document import SegmentsDocument
from searchsvc.segments.profile import Profile
from searchsvc.segments.shopper import Shopper
from searchsvc.serving import SearchService, Served
from tests.searchsvc.eventually import eventually
from tests.searchsvc.preferences.taught import teach
from tests.tiny_bert import write_tiny_model

if TYPE_CHECKING:
    from tests.conftest import Build
    from tests.searchsvc.conftest import MakeSettings

INVERTED_LISTS = IndexSettings(vectors=VectorSettings(exact_below=10))
"""Puts a FAISS file into the snapshot of a small catalogue."""

UNDISTILLED = IndexSettings(embedding=EmbeddingSettings(distil=False))
"""Leaves all queries to the model."""


class Observer:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.states: list[Served] = []
        self.gone: list[str] = []

    def served(self, state: Served) -> None:
        self.states.append(state)

    def dropped(self, index: str) -> None:
        self.gone.append(index)


def shoes(version: int, count: int = 30) -> list[dict[str, Any]]:
    return [
        {"id": f"p{number:03}", "title": f"shoe {number}", "edition": f"v{version}"}
        for number in range(count)
    ]


@contextmanager
def running(service: SearchService) -> Iterator[SearchService]:
    service.start()
    try:
        yield service
    finally:
        service.close()


@pytest.fixture
def service(make_settings: MakeSettings) -> Iterator[SearchService]:
    """Not started: it looks when it is told to."""
    service = SearchService(make_settings())
    yield service
    service.close()


def state(service: SearchService, index: str = "shop") -> Served:
    return next(served for served in service.indexes() if served.name == index)


def opened(service: SearchService, index: str = "shop") -> Opened:
    return state(service, index).opened


def generation(service: SearchService) -> str:
    return service.snapshot("shop").generation


def _cut(path: Path, directory: Path) -> None:
    target = directory / path
    target.write_bytes(target.read_bytes()[:-1])


def _overwrite(path: Path, directory: Path) -> None:
    """Same size, other content: what a size check cannot see."""
    target = directory / path
    target.write_bytes(bytes(target.stat().st_size))


def _remove(path: Path, directory: Path) -> None:
    (directory / path).unlink()


def _rewrite_manifest(directory: Path, **changes: Any) -> None:
    target = directory / MANIFEST_FILE
    target.write_bytes(orjson.dumps({**orjson.loads(target.read_bytes()), **changes}))


DAMAGES = [  # what can happen to a generation, and a word of the reason
    pytest.param(partial(_cut, Path("lexical.safetensors")), "lexical", id="cut-postings"),
    pytest.param(partial(_cut, Path("products.bin")), "products.bin", id="cut-products"),
    pytest.param(partial(_remove, Path("columns.safetensors")), "columns", id="no-columns"),
    pytest.param(partial(_remove, Path(MANIFEST_FILE)), "manifest", id="no-manifest"),
    pytest.param(partial(_overwrite, Path(MANIFEST_FILE)), "manifest", id="zero-manifest"),
    pytest.param(partial(_overwrite, Path("lists.safetensors")), "lists", id="zero-lists"),
    pytest.param(partial(_overwrite, Path("columns.safetensors")), "columns", id="zero-columns"),
    pytest.param(partial(_rewrite_manifest, format_version=99), "format 99", id="newer-format"),
    pytest.param(partial(_rewrite_manifest, products=7), "altered", id="other-count"),
    pytest.param(shutil.rmtree, "manifest", id="no-directory"),
]


@pytest.mark.parametrize(("damage", "word"), DAMAGES)
def test_a_broken_generation_is_refused_and_the_next_reindex_heals(
    build: Build,
    layout: IndexLayout,
    service: SearchService,
    damage: Callable[[Path], None],
    word: str,
) -> None:
    first = build(shoes(1), settings=INVERTED_LISTS).generation
    service.refresh()
    second = build(shoes(2, 31), settings=INVERTED_LISTS).generation
    damage(layout.generation_dir(second))
    service.refresh()
    refused = opened(service)
    assert (generation(service), refused.refused) == (first, second)
    assert word in refused.reason
    assert str(layout.root) not in refused.reason
    assert service.search("shop", Query("shoe")).result.total == 30
    third = build(shoes(3), settings=INVERTED_LISTS).generation
    service.refresh()
    healed = opened(service)
    assert (generation(service), healed.refused, healed.reason) == (third, "", "")


@pytest.mark.parametrize(("damage", "word"), DAMAGES)
def test_broken_at_the_start_the_newest_older_generation_is_served(
    build: Build,
    layout: IndexLayout,
    service: SearchService,
    damage: Callable[[Path], None],
    word: str,
) -> None:
    names = [build(shoes(n), settings=INVERTED_LISTS).generation for n in range(3)]
    damage(layout.generation_dir(names[2]))
    service.refresh()
    served = opened(service)
    assert (generation(service), served.refused) == (names[1], names[2])
    assert word in served.reason
    # The remedy of the message: the generation that is served becomes the published one.
    rollback(layout, names[1])
    service.refresh()
    assert (opened(service).refused, opened(service).reason) == ("", "")


def test_when_several_are_broken_the_search_for_one_goes_on(
    build: Build, layout: IndexLayout, service: SearchService
) -> None:
    names = [build(shoes(n), settings=INVERTED_LISTS).generation for n in range(3)]
    _cut(Path("lexical.safetensors"), layout.generation_dir(names[2]))
    _overwrite(Path("lists.safetensors"), layout.generation_dir(names[1]))
    service.refresh()
    assert (generation(service), opened(service).refused) == (names[0], names[2])


def test_with_nothing_to_fall_back_on_the_index_is_known_but_not_ready(
    build: Build, layout: IndexLayout, service: SearchService
) -> None:
    only = build(shoes(1)).generation
    _remove(Path("products.bin"), layout.generation_dir(only))
    service.refresh()
    served = opened(service)
    assert (served.snapshot, served.refused, served.semantic) == (None, only, False)
    with pytest.raises(NotReadyError, match="'shop'.*searchsvc reindex"):
        service.search("shop", Query("shoe"))
    with pytest.raises(NotReadyError):
        service.product("shop", "p001")
    service.refresh()
    assert opened(service) is served
    build(shoes(2))
    service.refresh()
    assert (opened(service).reason, service.search("shop", Query("shoe")).result.total) == ("", 30)


def test_a_generation_whose_files_arrive_after_its_name_is_served_in_the_end(
    build: Build, layout: IndexLayout, service: SearchService
) -> None:
    # A copy by rsync need not bring CURRENT last.
    build(shoes(1))
    service.refresh()
    second = build(shoes(2)).generation
    late = layout.generation_dir(second) / "lexical.safetensors"
    content = late.read_bytes()
    late.unlink()
    service.refresh()
    assert opened(service).refused == second
    late.write_bytes(content)
    service.refresh()
    assert (generation(service), opened(service).reason) == (second, "")


@pytest.mark.parametrize("content", ["", "g1", "../../etc\n", "\x00\xff"])
def test_a_damaged_pointer_is_refused_until_it_is_written_again(
    build: Build, layout: IndexLayout, service: SearchService, content: str
) -> None:
    first = build(shoes(1)).generation
    service.refresh()
    layout.current_file.write_text(content, "utf-8")
    service.refresh()
    refused = opened(service)
    assert (generation(service), refused.refused) == (first, "")
    assert "CURRENT of index 'shop'" in refused.reason
    # Back to the very generation that is served: nothing is to be opened, all is well again.
    rollback(layout, first)
    service.refresh()
    assert (generation(service), opened(service).reason) == (first, "")


def test_a_damaged_pointer_at_the_start_serves_the_newest_generation(
    build: Build, layout: IndexLayout, service: SearchService
) -> None:
    build(shoes(1))
    newest = build(shoes(2)).generation
    layout.current_file.write_bytes(b"?")
    service.refresh()
    assert generation(service) == newest
    assert opened(service).reason
    before = state(service)
    service.refresh()
    assert state(service) is before


def test_a_pointer_that_cannot_be_read_costs_no_other_index_its_swap(
    build: Build,
    service: SearchService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build(shoes(1), "a-shop")
    build(shoes(1), "shop")
    service.refresh()
    original = IndexLayout.require_current

    def failing(layout: IndexLayout) -> str:
        if layout.name == "a-shop":
            raise PermissionError(13, "Permission denied", "/secret/place/CURRENT")
        return original(layout)

    monkeypatch.setattr(IndexLayout, "require_current", failing)
    second = build(shoes(2), "shop").generation
    service.refresh()
    assert generation(service) == second
    assert opened(service, "a-shop").reason == "CURRENT cannot be read (Permission denied)"
    assert service.search("a-shop", Query("shoe")).result.total == 30


def test_whatever_a_library_raises_at_a_generation_is_a_refusal_of_that_generation(
    build: Build,
    service: SearchService,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    first = build(shoes(1)).generation
    second = build(shoes(2)).generation
    original = snapshots.Columns

    def failing(path: Path, ids: StringTable) -> Columns:
        if path.parent.name == second:
            raise RuntimeError("/secret/place is no index")
        return original(path, ids)

    monkeypatch.setattr(snapshots, "Columns", failing)
    service.refresh()
    served = opened(service)
    assert (generation(service), served.refused) == (first, second)
    assert f"generation {second} cannot be opened (RuntimeError)" in served.reason
    assert "/secret" not in served.reason
    assert "/secret/place is no index" in caplog.text  # whoever repairs it needs to know


def test_a_refusal_is_logged_once_and_not_at_every_look(
    build: Build,
    layout: IndexLayout,
    service: SearchService,
    caplog: pytest.LogCaptureFixture,
) -> None:
    build(shoes(1))
    service.refresh()
    _cut(Path("lexical.safetensors"), layout.generation_dir(build(shoes(2)).generation))
    for _ in range(5):
        service.refresh()
    assert sum("refused" in record.message for record in caplog.records) == 1


def test_answers_are_of_one_generation_while_ten_are_published(
    build: Build, make_settings: MakeSettings
) -> None:
    editions = {build(shoes(0, 30)).generation: (0, 30)}
    stop = threading.Event()
    seen: set[str] = set()

    def ask(service: SearchService) -> int:
        asked = 0
        while not stop.is_set():
            answered = service.search("shop", Query("shoe", limit=100))
            snapshot, result = answered.snapshot, answered.result
            products = [orjson.loads(hit.product) for hit in result.hits]
            found = {product["attributes"]["edition"] for product in products}
            version, count = editions.get(snapshot.generation, (None, 0))
            if version is None:  # swapped in before this test has noted it
                continue
            assert found == {f"v{version}"}
            assert result.total == len(products) == count
            assert [hit.id for hit in result.hits] == [product["id"] for product in products]
            seen.add(snapshot.generation)
            asked += 1
        return asked

    with running(SearchService(make_settings())) as service, ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask, service) for _ in range(4)]
        try:
            for version in range(1, 11):
                report = build(shoes(version, 30 + version))
                editions[report.generation] = (version, 30 + version)
                eventually(lambda name=report.generation: generation(service) == name)  # type: ignore[misc]
                eventually(lambda name=report.generation: name in seen or asking[0].done())  # type: ignore[misc]
        finally:
            stop.set()
        assert all(future.result() > 0 for future in asking)
        assert seen == set(editions)


def test_a_request_keeps_its_generation_though_it_is_swapped_and_pruned(
    build: Build, layout: IndexLayout, service: SearchService
) -> None:
    build(shoes(1))
    service.refresh()
    held = service.snapshot("shop")
    for version in range(2, 7):
        build(shoes(version))
    service.refresh()
    assert held.generation not in layout.generations()
    assert orjson.loads(held.products.json(0))["attributes"]["edition"] == "v1"


def test_rolling_back_is_swapped_in_as_well(
    build: Build, layout: IndexLayout, service: SearchService
) -> None:
    first = build(shoes(1)).generation
    build(shoes(2))
    service.refresh()
    rollback(layout)
    service.refresh()
    assert generation(service) == first


def test_an_index_that_is_removed_is_no_longer_served(
    build: Build, layout: IndexLayout, make_settings: MakeSettings
) -> None:
    observer = Observer()
    build(shoes(1))
    build(shoes(1), "other")
    service = SearchService(make_settings(), observer)
    service.refresh()
    shutil.rmtree(layout.root)
    service.refresh()
    assert [served.name for served in service.indexes()] == ["other"]
    assert observer.gone == ["shop"]
    with pytest.raises(IndexNotFoundError, match="no index 'shop'.*there is: other"):
        service.search("shop", Query("shoe"))
    service.close()


def test_without_an_observer_an_index_may_go_too(
    build: Build, layout: IndexLayout, service: SearchService
) -> None:
    build(shoes(1))
    service.refresh()
    shutil.rmtree(layout.root)
    service.refresh()
    assert service.indexes() == []


def test_indexes_do_not_share_products(build: Build, service: SearchService) -> None:
    build([{"id": "a", "title": "oak desk"}], "desks")
    build(shoes(1))
    service.refresh()
    assert [served.name for served in service.indexes()] == ["desks", "shop"]
    assert service.search("desks", Query("shoe")).result.total == 0
    assert orjson.loads(service.product("desks", "a"))["title"] == "oak desk"
    with pytest.raises(ProductNotFoundError, match="'shop' has no product with id 'a'"):
        service.product("shop", "a")


def test_no_data_directory_yet_is_no_index_yet(service: SearchService) -> None:
    service.refresh()
    with pytest.raises(IndexNotFoundError, match="none yet"):
        service.snapshot("shop")


def test_directories_that_are_no_index_are_left_alone(
    build: Build, data_dir: Path, service: SearchService
) -> None:
    build(shoes(1))
    (data_dir / "lost+found").mkdir()
    (data_dir / "half").mkdir()
    (data_dir / "note.txt").touch()
    service.refresh()
    assert [served.name for served in service.indexes()] == ["shop"]


def test_without_its_model_an_index_answers_by_words_until_the_model_comes(
    build: Build, models_dir: Path, tmp_path: Path, make_settings: MakeSettings
) -> None:
    model = write_tiny_model(tmp_path / "made")
    build(shoes(1), embedder=OnnxEmbedder.open(model), settings=UNDISTILLED)
    observer = Observer()
    # The timeout is not what is tested, however busy the machine is.
    service = SearchService(make_settings(embed_timeout_ms=60_000), observer)
    service.refresh()
    assert not opened(service).semantic
    result = service.search("shop", Query("shoe")).result
    assert result.total == 30
    assert result.degraded == ("semantic: the embedding model 'tiny' is not available",)
    service.refresh()
    assert len(observer.states) == 1
    models_dir.mkdir()
    shutil.copytree(model, models_dir / "tiny")
    service.refresh()
    assert opened(service).semantic
    assert service.search("shop", Query("shoe")).result.degraded == ()
    healed = state(service)
    service.refresh()
    assert state(service) is healed
    assert observer.states[1:] == [healed]
    service.close()


def test_without_its_model_an_index_answers_what_its_own_encoder_knows(
    build: Build, tmp_path: Path, make_settings: MakeSettings
) -> None:
    build(shoes(1), embedder=OnnxEmbedder.open(write_tiny_model(tmp_path / "made")))
    service = SearchService(make_settings())
    service.refresh()
    assert not opened(service).semantic
    known = service.search("shop", Query("shoe")).result
    assert (known.encoders, known.degraded) == (("distilled",), ())
    foreign = service.search("shop", Query("green")).result
    assert foreign.degraded == ("semantic: the embedding model 'tiny' is not available",)
    service.close()


def test_the_observer_is_told_of_every_change_and_of_nothing_else(
    build: Build, layout: IndexLayout, make_settings: MakeSettings
) -> None:
    observer = Observer()
    service = SearchService(make_settings(), observer)
    names = []
    for version in range(2):
        names.append(build(shoes(version)).generation)
        service.refresh()
        service.refresh()
    names.append(build(shoes(2)).generation)
    _remove(Path("products.bin"), layout.generation_dir(names[2]))
    service.refresh()
    service.refresh()
    told = [
        (s.snapshot.generation if s.snapshot else "", s.opened.refused) for s in observer.states
    ]
    assert told == [(names[0], ""), (names[1], ""), (names[1], names[2])]
    service.close()


def test_the_watcher_survives_what_the_disk_does(
    build: Build,
    make_settings: MakeSettings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    build(shoes(1))
    with running(SearchService(make_settings())) as service:
        with monkeypatch.context() as broken, caplog.at_level(logging.ERROR):
            failed = threading.Event()

            def fail(_: Path) -> list[str]:
                failed.set()
                raise OSError(5, "Input/output error")

            broken.setattr(serving, "list_indexes", fail)
            assert failed.wait(20)
            eventually(lambda: "looking for new generations failed" in caplog.text)
            assert service.search("shop", Query("shoe")).result.total == 30
        second = build(shoes(2)).generation
        eventually(lambda: generation(service) == second)


def test_to_close_ends_the_watcher(make_settings: MakeSettings) -> None:
    def watchers() -> int:
        return sum(thread.name == "watcher" for thread in threading.enumerate())

    before = watchers()
    with running(SearchService(make_settings(poll_seconds=3_600))):
        assert watchers() == before + 1
    assert watchers() == before


def test_live_settings_and_generation_are_swapped_in_as_one_state(
    build: Build, layout: IndexLayout, service: SearchService
) -> None:
    build(shoes(1))
    service.refresh()
    before = state(service)
    layout.ranking_file.write_text('{"window": 7}')
    layout.synonyms_file.write_text('{"sets": [["shoe", "boot"]]}')
    second = build(shoes(2)).generation
    service.refresh()
    after = state(service)
    assert after.snapshot is not None
    assert (after.snapshot.generation, after.policy.window) == (second, 7)
    assert after.policy.synonyms.expansions(["shoe"])
    assert (before.policy.window, before.policy.synonyms.rules) == (500, ())
    service.refresh()
    assert state(service) is after


def test_to_change_live_settings_opens_and_warms_nothing_again(
    build: Build, layout: IndexLayout, service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(shoes(1))
    service.refresh()
    before = state(service)
    monkeypatch.setattr(serving, "search", None)
    layout.ranking_file.write_text('{"window": 7}')
    service.refresh()
    assert state(service).opened is before.opened
    assert state(service).policy.window == 7


def test_the_observer_is_told_of_live_settings_once(
    build: Build, layout: IndexLayout, make_settings: MakeSettings
) -> None:
    observer = Observer()
    build(shoes(1))
    service = SearchService(make_settings(), observer)
    for content in (None, "{", '{"window": 7}'):
        if content is not None:
            layout.ranking_file.write_text(content)
        service.refresh()
        service.refresh()
    assert [list(told.live.refused) for told in observer.states] == [[], ["ranking.json"], []]
    service.close()


def test_indexes_do_not_share_live_settings(
    build: Build, layout: IndexLayout, service: SearchService
) -> None:
    build(shoes(1))
    build(shoes(1), "other")
    layout.ranking_file.write_text('{"window": 7}')
    service.refresh()
    windows = {served.name: served.policy.window for served in service.indexes()}
    assert windows == {"shop": 7, "other": 500}


def test_no_request_sees_a_mixture_while_settings_change(
    build: Build, layout: IndexLayout, make_settings: MakeSettings
) -> None:
    build(shoes(1))
    policies: list[RankingPolicy] = []

    def note(
        query: Query, snapshot: Snapshot, embedder: Any, policy: RankingPolicy, *more: Any
    ) -> Any:
        policies.append(policy)
        return real(query, snapshot, embedder, policy, *more)

    real = serving.search
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(serving, "search", note)
        with running(SearchService(make_settings())) as service, ThreadPoolExecutor(2) as pool:
            stop = threading.Event()

            def ask() -> None:
                while not stop.is_set():
                    service.search("shop", Query("shoe"))

            asking = [pool.submit(ask) for _ in range(2)]
            for window in range(1, 8):
                content = {"window": window, "neighbours": window}
                ranking_file(layout).replace(RankingOverrides.model_validate(content))
                eventually(lambda w=window: policies[-1:] != [] and policies[-1].window == w)  # type: ignore[misc]
            stop.set()
            for future in asking:
                future.result()
    seen = {(policy.window, policy.neighbours) for policy in policies}
    assert {(n, n) for n in range(1, 8)} <= seen
    assert all(window == neighbours for window, neighbours in seen)


# Who asks.

BRANDED = [{**record, "brand": "AB"[n % 2]} for n, record in enumerate(shoes(1))]
LIKES_B: dict[str, Any] = {
    "strength": 100,
    "segments": [{"name": "b", "boosts": [{"filter": "brand:B", "weight": 1}]}],
}
SOMEBODY = "somebody"
IN_B = Shopper(consent=True, segments=("b",))


class People:
    """A store of profiles."""

    def __init__(self, **profiles: Profile) -> None:
        self.profiles = profiles
        self.asked: list[str] = []

    def user_key(self, token: str) -> str:
        return token

    def profile(self, index: str, user: str) -> Profile:
        self.asked.append(f"{index}/{user}")
        return self.profiles.get(user, Profile())


def first(service: SearchService, shopper: Shopper = IN_B, text: str = "shoe") -> str:
    answered = service.search("shop", Query(text), shopper)
    brand: str = orjson.loads(answered.result.hits[0].product)["brand"]
    return brand


def test_segments_experiment_and_model_are_served_within_a_poll_and_without_a_reindex(
    build: Build, layout: IndexLayout, make_settings: MakeSettings
) -> None:
    build(BRANDED)
    people = People()
    with running(SearchService(make_settings(), store=lambda: people)) as service:
        assert first(service) == "A"
        SEGMENTS.file(layout).replace(SegmentsDocument.model_validate(LIKES_B), None)
        eventually(lambda: first(service) == "B")
        SEGMENTS.file(layout).remove(None)
        eventually(lambda: first(service) == "A")
        sold = {it["id"]: 9.0 for it in BRANDED if it["brand"] == "B"}
        LearnedFile(layout).replace(teach({it["id"]: {} for it in BRANDED}, sold))
        eventually(lambda: first(service, Shopper(), text="") == "B")
        document = {
            "name": "test",
            "arms": [{"name": "only", "share": 100, "ranking": {"popularity_weight": 0.0}}],
        }
        EXPERIMENT.file(layout).replace(ExperimentDocument.model_validate(document), None)
        somebody = Shopper(consent=True, token=SOMEBODY)

        def arm() -> str | None:
            found = service.search("shop", Query("shoe"), somebody).personalization.arm
            return found.label if found else None

        eventually(lambda: arm() == "test/only")
        assert first(service, Shopper()) == "B"  # by popularity, without an arm
        assert first(service, somebody) == "A"  # whose arm does without


def test_a_broken_file_about_people_keeps_what_was_served(
    build: Build, layout: IndexLayout, service: SearchService
) -> None:
    build(BRANDED)
    SEGMENTS.file(layout).replace(SegmentsDocument.model_validate(LIKES_B), None)
    LearnedFile(layout).replace(teach({it["id"]: {} for it in BRANDED}, {"p005": 1.0}))
    service.refresh()
    before = state(service)
    for path in (layout.segments_file, layout.learned_file, layout.experiment_file):
        broken = path.with_name("broken")
        broken.write_bytes(b"{broken")
        broken.replace(path)
    service.refresh()
    after = state(service)
    assert after is not before
    assert set(after.live.refused) == {
        "segments.json",
        "learned.safetensors",
        "experiment.json",
    }
    assert first(service) == "B"
    assert before.audience is not None
    assert after.audience is not None
    assert after.audience.patterns is before.audience.patterns
    assert after.audience.alignment is before.audience.alignment


def test_a_reindex_compiles_what_is_known_of_people_for_the_new_generation(
    build: Build, layout: IndexLayout, service: SearchService
) -> None:
    build(BRANDED)
    SEGMENTS.file(layout).replace(SegmentsDocument.model_validate(LIKES_B), None)
    LearnedFile(layout).replace(teach({it["id"]: {} for it in BRANDED}, {"p020": 1.0}))
    service.refresh()
    before = state(service).audience
    build([*BRANDED[10:], {"id": "new", "title": "shoe", "brand": "B"}])
    service.refresh()
    after = state(service).audience
    assert before is not None
    assert after is not None
    assert after.patterns is not before.patterns
    assert after.snapshot is service.snapshot("shop")
    assert first(service) == "B"
    answered = service.search("shop", Query("", sort=parse_sort("bestselling"), limit=1))
    assert [hit.id for hit in answered.result.hits] == ["p020"]


def test_a_profile_that_takes_too_long_costs_only_itself(
    build: Build, layout: IndexLayout, make_settings: MakeSettings
) -> None:
    listed = {"segments": [{**LIKES_B["segments"][0], "listed": True}]}
    build(BRANDED)
    SEGMENTS.file(layout).replace(SegmentsDocument.model_validate(listed), None)
    gate = threading.Event()
    people = People(somebody=Profile(orders=1, segments=frozenset({"b"})))
    real = people.profile

    def slow(index: str, user: str) -> Profile:
        assert gate.wait(20)
        return real(index, user)

    people.profile = slow  # type: ignore[method-assign]
    service = SearchService(make_settings(profile_timeout_ms=1.0), store=lambda: people)
    service.refresh()
    somebody = Shopper(consent=True, token=SOMEBODY)
    answered = service.search("shop", Query("shoe"), somebody)
    assert answered.personalization.reason is NotApplied.PROFILE_UNAVAILABLE
    assert answered.result.total == 30
    gate.set()
    eventually(lambda: first(service, somebody) == "B")
    assert people.asked == ["shop/somebody"]
    service.forget(SOMEBODY)
    service.search("shop", Query("shoe"), somebody)
    eventually(lambda: len(people.asked) == 2)
    service.close()


def test_what_is_made_of_a_user_is_told_by_index(
    build: Build, make_settings: MakeSettings
) -> None:
    build(BRANDED)
    build(BRANDED, "other")
    people = People(somebody=Profile(orders=2))
    service = SearchService(make_settings(), store=lambda: people)
    service.refresh()
    drawn = service.portraits(SOMEBODY)
    assert {name: portrait.orders for name, portrait in drawn.items()} == {"shop": 2, "other": 2}
    assert service.portraits("nobody") == {}
    service.close()


def test_an_index_that_is_not_ready_knows_nobody(
    build: Build, layout: IndexLayout, service: SearchService
) -> None:
    _cut(Path("products.bin"), layout.generation_dir(build(BRANDED).generation))
    service.refresh()
    with pytest.raises(NotReadyError, match="no generation that can be opened"):
        state(service).require_audience()
    assert service.portraits(SOMEBODY) == {}
    half = Served("shop", state(service).opened, state(service).live, RankingPolicy())
    with pytest.raises(NotReadyError):
        half.require_audience()


def test_answers_are_of_one_state_while_segments_change(
    build: Build, layout: IndexLayout, make_settings: MakeSettings
) -> None:
    """Whoever is in the segment gets its boosts as they were or as they are, never half of it."""
    build(BRANDED)
    stop = threading.Event()

    def ask(service: SearchService) -> int:
        asked = 0
        while not stop.is_set():
            answered = service.search("shop", Query("shoe", limit=30), IN_B)
            brands = [orjson.loads(hit.product)["brand"] for hit in answered.result.hits]
            assert sorted(brands) == ["A"] * 15 + ["B"] * 15
            named = [segment.title for segment in answered.personalization.segments]
            expected = {"for B": "B", "for A": "A"}[named[0]]
            assert brands[:15] == [expected] * 15
            asked += 1
        return asked

    def put(brand: str) -> None:
        boost = {"filter": f"brand:{brand}", "weight": 1}
        one = {"name": "b", "title": f"for {brand}", "boosts": [boost]}
        document = SegmentsDocument.model_validate({"strength": 100, "segments": [one]})
        SEGMENTS.file(layout).replace(document, None)

    put("B")
    with running(SearchService(make_settings())) as service, ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask, service) for _ in range(2)]
        for number in range(6):
            brand = "AB"[number % 2]
            put(brand)
            eventually(lambda wanted=brand: first(service) == wanted or asking[0].done())  # type: ignore[misc]
        stop.set()
        assert all(future.result() > 0 for future in asking)
