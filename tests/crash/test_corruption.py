"""Files that are not what was written: named, refused, not searched, and repaired by a reindex."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from indexer.build.delta import apply_delta
from indexer.build.reindex import compact, reindex
from indexer.errors import SnapshotCorruptError, SnapshotError
from indexer.manifest import MANIFEST_FILE, Manifest
from indexer.snapshot import verify
from searchsvc.cli.main import app
from searchsvc.opened import Opened
from searchsvc.query.query import Query
from searchsvc.serving import SearchService
from searchsvc.settings import Settings
from tests.crash import shop
from tests.crash.damage import CONTENT, SHAPE, Damage, copied, flip, flips

pytestmark = pytest.mark.slow


def _listed(data_dir: Path) -> None:
    for edition in (1, 2):
        shop.build(data_dir, edition, settings=shop.LISTED)


def _exact(data_dir: Path) -> None:
    for edition in (1, 2):
        shop.build(data_dir, edition)


def _patched(data_dir: Path) -> None:
    shop.build(data_dir, 1)
    shop.patch(data_dir, 7)
    shop.merge(data_dir, 1)
    shop.patch(data_dir, 8)


KINDS: dict[str, Callable[[Path], None]] = {
    "exact": _exact,
    "listed": _listed,
    "patched": _patched,
}
UNREAD = {
    "exact": {"lexical.unproven.safetensors"},
    "patched": {"lexical.unproven.safetensors"},
    "listed": {"lexical.unproven.safetensors", "vectors.safetensors"},
}
"""What no search reads; `verify` finds it, and the next build does not use it."""


@pytest.fixture(scope="module", params=KINDS if shop.TRIALS else ("listed", "patched"))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def sound(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory whose current generation has one before it."""
    data_dir = tmp_path_factory.mktemp(kind) / "data"
    KINDS[kind](data_dir)
    return data_dir


def opened(data_dir: Path) -> Opened:
    """What a service opens at its start; it answers a question first."""
    service = SearchService(Settings(data_dir=data_dir, models_dir=data_dir / "no models"))
    try:
        service.refresh()
        found = service.indexes()[0].opened
        if found.snapshot is not None:
            assert service.search(shop.INDEX, Query("red")).result.total > 0
        return found
    finally:
        service.close()


def _files(data_dir: Path) -> list[str]:
    layout = shop.layout_of(data_dir)
    manifest = Manifest.read(layout.generation_dir(layout.require_current()))
    return [*manifest.files, MANIFEST_FILE]


def _damaged(sound: Path, copy: Path, name: str, damage: Damage) -> Path:
    """A copy of which one file of the current generation is damaged; gives the file."""
    copied(sound, copy)
    layout = shop.layout_of(copy)
    path = layout.generation_dir(layout.require_current()) / name
    damage.happen(path)
    return path


def _check(data_dir: Path, name: str, unread: set[str]) -> None:
    """A file of the current generation is damaged: it is named, and an older one served."""
    layout = shop.layout_of(data_dir)
    current, older = layout.require_current(), layout.generations()[-2]
    try:
        problems = verify(layout, current)
    except SnapshotError as error:
        assert name == MANIFEST_FILE
        problems = [str(error)]
    assert name in problems[0] or name == MANIFEST_FILE
    # An altered manifest may say anything of the other files.
    assert len(problems) == 1 or name == MANIFEST_FILE
    found = opened(data_dir)
    assert found.snapshot is not None
    if name in unread:
        return
    assert (found.snapshot.generation, found.refused) == (older, current)
    assert name in found.reason or name == MANIFEST_FILE
    assert "searchsvc reindex" in found.reason


def test_a_damaged_file_is_named_and_the_generation_before_is_served(
    sound: Path, kind: str, tmp_path: Path
) -> None:
    chance = Random(kind)  # noqa: S311 - no secret
    trials = 0
    for name in _files(sound):
        for damage in _some(chance):
            path = _damaged(sound, tmp_path / "data", name, damage)
            original = sound / path.relative_to(tmp_path / "data")
            if path.is_file() and path.read_bytes() == original.read_bytes():
                continue  # zeros where zeros were
            unread = UNREAD[kind] if damage not in SHAPE else set()
            try:
                _check(tmp_path / "data", name, unread)
            except BaseException as error:
                error.add_note(f"{name}: {damage.name}")
                raise
            trials += 1
    assert trials >= len(_files(sound)) * 3
    shop.tell(f"damaged files of a generation, {kind}", trials)


def _some(chance: Random) -> list[Damage]:
    if shop.TRIALS:
        return [*SHAPE, *CONTENT, *flips(chance, shop.TRIALS)]
    return [*chance.sample(SHAPE, 2), chance.choice(CONTENT), *flips(chance, 1)]


def test_files_of_another_generation_are_no_substitute(sound: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    for name in _files(sound):
        copied(sound, copy)
        layout = shop.layout_of(copy)
        current, older = (layout.generation_dir(it) for it in reversed(layout.generations()[-2:]))
        if not (older / name).exists() or (
            (older / name).read_bytes() == (current / name).read_bytes()
        ):
            continue
        shutil.copy2(older / name, current / name)
        found = opened(copy)
        if found.reason:
            assert name in found.reason or name == MANIFEST_FILE
        else:  # only what no search reads
            assert verify(layout, layout.require_current()) != []


@pytest.mark.parametrize(
    "damage", [flip(0.5), *((SHAPE[2], SHAPE[4]) if shop.TRIALS else ())], ids=lambda it: it.name
)
def test_inspect_names_the_file_and_reindex_repairs(
    sound: Path, kind: str, tmp_path: Path, damage: Damage
) -> None:
    copy, run = tmp_path / "data", CliRunner().invoke
    for name in _files(sound):
        _damaged(sound, copy, name, damage)
        arguments = ["--index", shop.INDEX, "--data-dir", str(copy)]
        shown = run(app, ["inspect", *arguments, "--verify"])
        assert shown.exit_code == 1
        assert name in shown.output
        assert "reindex" in shown.output
        settings = shop.LISTED if kind == "listed" else None
        generation = shop.build(copy, 3, settings=settings)
        found = opened(copy)
        assert (found.reason, found.snapshot and found.snapshot.generation) == ("", generation)
        assert run(app, ["inspect", *arguments, "--verify"]).exit_code == 0


def test_no_damaged_vector_is_taken_over(sound: Path, kind: str, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    _damaged(sound, copy, "vectors.safetensors", flip(0.7))
    feed = tmp_path / "feed.jsonl"
    shop.write_feed(feed, 2)
    settings = shop.LISTED if kind == "listed" else shop.IndexSettings()
    report = reindex(str(feed), shop.layout_of(copy), settings, shop.EMBEDDER)
    assert report.embedded == report.products


@pytest.mark.parametrize("place", [0.0, 0.3, 0.5, 0.8, 1.0] if shop.TRIALS else [0.3])
def test_a_delta_gives_no_damaged_file_a_new_checksum(
    sound: Path, tmp_path: Path, place: float
) -> None:
    """Also not compaction: what comes of either would pass for sound."""
    copy = tmp_path / "data"
    for name in _files(sound):
        _damaged(sound, copy, name, flip(place))
        layout = shop.layout_of(copy)
        before = layout.generations()
        changes = [{"id": "p02", "title": "blue boots"}]
        with pytest.raises(SnapshotCorruptError, match="searchsvc"):
            apply_delta(changes, layout, lambda: shop.recipe(copy))
        if name.startswith(("products.", "columns.", MANIFEST_FILE)):
            prices = [{"id": "p02", "price": "3 EUR"}]
            with pytest.raises(SnapshotCorruptError, match="searchsvc"):
                apply_delta(prices, layout, lambda: shop.recipe(copy))
        if name.startswith("products."):
            with pytest.raises(SnapshotCorruptError, match="searchsvc"):
                compact(layout, lambda: shop.recipe(copy))
        assert layout.generations() == before
