"""Every step of replacing a file that is not of a generation: it is the old one or the new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import pytest

from searchsvc.keys.key import ApiKey
from searchsvc.keys.keyset import KeyRevision, KeySet
from searchsvc.keys.mirror import Mirror
from searchsvc.keys.role import Role
from searchsvc.learned.file import LearnedFile
from searchsvc.livedocuments import SYNONYMS
from searchsvc.livefile import NO_FILE, parse
from searchsvc.rankerfile import RankerFile, RankerOrigin
from searchsvc.reranking.protocol import FEATURES
from searchsvc.reranking.trees import Trees
from searchsvc.state.keys import TokenKey
from searchsvc.watching.status import WatchStatus
from tests.crash import shop
from tests.crash.disk import Disk
from tests.searchsvc.preferences.taught import teach

MIXTURES = 30 if shop.TRIALS else 3
NOTHING = "nothing"


@dataclass(frozen=True)
class File:
    """A file that is replaced.

    Attributes:
        write: makes it say a number; `NOTHING` is what it says where it is not there.
        says: what it says; raises where it cannot be read.
        removed: has it say nothing again, if that is possible.
    """

    write: Callable[[Path, int], object]
    says: Callable[[Path], str]
    remove: Callable[[Path], object] | None = None


def _synonyms(data_dir: Path, number: int) -> None:
    document = parse(SYNONYMS.model, f'{{"sets": [["sofa", "couch{number}"]]}}'.encode())
    SYNONYMS.file(shop.layout_of(data_dir)).replace(document)


def _of_synonyms(data_dir: Path) -> str:
    document, version = SYNONYMS.file(shop.layout_of(data_dir)).read()
    if version == NO_FILE:
        return NOTHING
    return document.model_dump_json(exclude_unset=True).partition("couch")[2][0]


def _learned(data_dir: Path, number: int) -> None:
    model = teach({"a": {"brand": ["Acme"]}}, {"a": float(number)})
    LearnedFile(shop.layout_of(data_dir)).replace(model)


def _of_learned(data_dir: Path) -> str:
    model = LearnedFile(shop.layout_of(data_dir)).read()
    return NOTHING if model is None else str(int(model.popularity[0]))


def _ranker(data_dir: Path, number: int) -> None:
    digest = "0" * 64
    origin = RankerOrigin(
        features=FEATURES[:1],
        judgments=digest,
        queries=number,
        generation="g00000001-00000000",
        embedder=digest,
        ranking={},
        held_out={},
    )
    one, none = np.zeros(1, np.int32), np.zeros(1, np.float32)
    trees = Trees(
        roots=one,
        features=one - 1,
        thresholds=none,
        left=one,
        right=one,
        values=none,
        linear=none,
    )
    RankerFile(shop.layout_of(data_dir)).replace(trees, origin)


def _of_ranker(data_dir: Path) -> str:
    ranker = RankerFile(shop.layout_of(data_dir)).read()
    return NOTHING if ranker is None else str(ranker.origin.queries)


def _watch(data_dir: Path, number: int) -> None:
    WatchStatus(location="x", checked=number, due=0).write(shop.layout_of(data_dir))


def _of_watch(data_dir: Path) -> str:
    status = WatchStatus.read(shop.layout_of(data_dir))
    if status is None:
        assert not (shop.layout_of(data_dir).root / "watch.json").exists()
    return NOTHING if status is None else str(int(status.checked))


def _mirror(data_dir: Path, number: int) -> None:
    key = ApiKey("a", bytes(32), frozenset({Role.SEARCH}), str(number), 1)
    Mirror(data_dir).write(KeySet(KeyRevision("x", number), (key,)))


def _of_mirror(data_dir: Path) -> str:
    known = Mirror(data_dir).read()
    return NOTHING if known is None else str(known.revision.number)


def _token(data_dir: Path, _: int) -> None:
    TokenKey.of_file(data_dir / "token.key")


def _of_token(data_dir: Path) -> str:
    path = data_dir / "token.key"
    if not path.exists():
        return NOTHING
    TokenKey.of_file(path, create=False)
    return "1"


FILES = {
    "synonyms.json": File(
        _synonyms, _of_synonyms, lambda it: SYNONYMS.file(shop.layout_of(it)).remove()
    ),
    "learned.safetensors": File(
        _learned, _of_learned, lambda it: LearnedFile(shop.layout_of(it)).remove()
    ),
    "ranker.safetensors": File(
        _ranker, _of_ranker, lambda it: RankerFile(shop.layout_of(it)).remove()
    ),
    "watch.json": File(_watch, _of_watch),
    "keys.json": File(_mirror, _of_mirror, lambda it: Mirror(it).remove()),
    "token.key": File(_token, _of_token),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_replaced_is_the_old_one_or_the_new_one(name: str, tmp_path: Path) -> None:
    file, data_dir = FILES[name], tmp_path / "data"
    shop.layout_of(data_dir).root.mkdir(parents=True)
    chance = Random(name)  # noqa: S311 - no secret
    changes: list[tuple[str, Callable[[], object]]] = [
        ("1", lambda: file.write(data_dir, 1)),
        ("2", lambda: file.write(data_dir, 2)),
    ]
    if file.remove is not None:
        changes.append((NOTHING, lambda: file.remove and file.remove(data_dir)))
    if name == "token.key":
        changes.pop()  # made once
    looked = [0]
    before = file.says(data_dir)
    assert before == NOTHING
    for after, change in changes:
        disk = Disk(data_dir)
        allowed = {before, after}

        def look(step: str, disk: Disk = disk, allowed: set[str] = allowed) -> None:
            for state in disk.states(chance, MIXTURES):
                looked[0] += 1
                copy = tmp_path / f"copy{looked[0]}"
                state.write(copy)
                found = file.says(copy)
                assert found in allowed, f"{found} is there: {state.loss.value} after {step}"

        try:
            with disk.traced(look):
                change()
            assert disk.steps
            look("the end", allowed={after})
        finally:
            disk.close()
        before = after
    assert looked[0] > 10
    shop.tell(f"states of {name}", looked[0])


def test_a_copy_of_a_key_that_somebody_left_who_died_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "token.key"
    key = TokenKey.of_file(path)
    left = tmp_path / ".token.key.0123456789abcdef"
    left.hardlink_to(path)
    assert TokenKey.of_file(path, create=False) == key
    assert left.exists()  # whoever may make nothing removes nothing
    assert TokenKey.of_file(path) == key
    assert [it.name for it in tmp_path.iterdir()] == ["token.key"]


def test_who_makes_a_key_may_find_what_it_wrote_aside_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else has won, and taken it for what a dead process left."""
    path = tmp_path / "token.key"
    first = TokenKey.of_file(path)
    with monkeypatch.context() as patch:
        patch.setattr(type(path), "exists", lambda _: False)  # as it was a moment ago
        patch.setattr("os.fsync", lambda _: [it.unlink() for it in tmp_path.glob(".token.key.*")])
        assert TokenKey.of_file(path) == first
    assert [it.name for it in tmp_path.iterdir()] == ["token.key"]
