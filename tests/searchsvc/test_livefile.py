"""A live file: whole at every moment, and nobody's change is lost."""

from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import durable
from searchsvc.errors import (
    BadLiveSettingsError,
    LiveSettingsChangedError,
    LiveSettingsUnreadableError,
    LiveSettingsUnwritableError,
)
from searchsvc.livefile import MAX_BYTES, NO_FILE, LiveFile, parse
from searchsvc.policy import RankingOverrides
from searchsvc.synonyms.document import SynonymsDocument

if TYPE_CHECKING:
    from collections.abc import Callable

OLD = SynonymsDocument.model_validate({"sets": [["old", "former"]]})
NEW = SynonymsDocument.model_validate({"never": [["new", "old"]], "one_way": []})


def file_in(directory: Path) -> LiveFile[SynonymsDocument]:
    return LiveFile(directory / "synonyms.json", directory / "live.lock", SynonymsDocument)


@pytest.fixture
def file(tmp_path: Path) -> LiveFile[SynonymsDocument]:
    return file_in(tmp_path)


def test_where_there_is_no_file_the_document_is_empty(file: LiveFile[SynonymsDocument]) -> None:
    assert file.read() == (SynonymsDocument(), NO_FILE)
    assert file.stamp() == ()
    assert file.remove() == NO_FILE


def test_what_is_written_is_read_and_only_what_was_given_is_written(
    file: LiveFile[SynonymsDocument], tmp_path: Path
) -> None:
    version = file.replace(NEW)
    assert file.read() == (NEW, version)
    written = json.loads((tmp_path / "synonyms.json").read_bytes())
    assert written == {"never": [["new", "old"]], "one_way": []}
    assert file.replace(OLD) != version
    assert file.replace(NEW) == version  # a version names a content
    assert file.remove() == NO_FILE
    assert file.read() == (SynonymsDocument(), NO_FILE)


def test_a_replacement_of_another_version_is_refused(file: LiveFile[SynonymsDocument]) -> None:
    first = file.replace(OLD, {NO_FILE})
    with pytest.raises(LiveSettingsChangedError, match=f"version '{first}' by now, not 'none'"):
        file.replace(NEW, {NO_FILE})
    second = file.replace(NEW, {"other", first})
    with pytest.raises(LiveSettingsChangedError, match="Read it again"):
        file.remove({first})
    assert file.read() == (NEW, second)
    assert file.remove({second}) == NO_FILE


def test_expecting_no_version_at_all_matches_none(file: LiveFile[SynonymsDocument]) -> None:
    with pytest.raises(LiveSettingsChangedError):
        file.replace(NEW, frozenset())


def _count_up(directory: Path, times: int) -> None:
    """Add one to a number, reading it again whenever somebody was faster."""
    file = LiveFile(directory / "ranking.json", directory / "live.lock", RankingOverrides)
    for _ in range(times):
        while True:
            document, version = file.read()
            number = document.given().get("window", 1)
            try:
                file.replace(RankingOverrides.model_validate({"window": number + 1}), {version})
            except LiveSettingsChangedError:
                continue
            break


def test_of_several_processes_that_change_it_no_change_is_lost(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_count_up, args=(tmp_path, 20)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert json.loads((tmp_path / "ranking.json").read_bytes()) == {"window": 61}


class _Died(BaseException):
    """Like SIGKILL: no handler of ours may catch it."""


def _dying(monkeypatch: pytest.MonkeyPatch, die_at: int | None) -> list[str]:
    """Counts the steps that touch the disk, and dies before the given one."""
    done: list[str] = []

    def stepping(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def step(*args: object, **kwargs: object) -> object:
            if die_at is not None and len(done) == die_at:
                raise _Died(name)
            done.append(name)
            return real(*args, **kwargs)

        return step

    for method in ("replace", "unlink"):
        monkeypatch.setattr(Path, method, stepping(method, getattr(Path, method)))
    monkeypatch.setattr(os, "fsync", stepping("fsync", os.fsync))
    monkeypatch.setattr(durable, "flush", stepping("flush", durable.flush))
    return done


@pytest.mark.parametrize("change", ["replace", "remove"])
def test_death_before_any_step_leaves_the_old_or_the_new_document(
    tmp_path: Path, change: str
) -> None:
    file = file_in(tmp_path)
    after = NEW if change == "replace" else SynonymsDocument()

    def run() -> None:
        if change == "replace":
            file.replace(NEW)
        else:
            file.remove()

    file.replace(OLD)
    with pytest.MonkeyPatch.context() as monkeypatch:
        steps = _dying(monkeypatch, None)
        run()
    assert len(steps) >= 3, steps
    outcomes = []
    for die_at in range(len(steps)):
        file.replace(OLD)
        with pytest.MonkeyPatch.context() as monkeypatch:
            _dying(monkeypatch, die_at)
            with pytest.raises(_Died):
                run()
        outcomes.append(file.read()[0])
        file.replace(NEW)  # neither a lock nor a leftover is in the way
        assert file.read()[0] == NEW
    assert outcomes[0] == OLD
    assert set(map(repr, outcomes)) == {repr(OLD), repr(after)}


def test_a_full_disk_is_told_and_leaves_the_old_document(
    file: LiveFile[SynonymsDocument], monkeypatch: pytest.MonkeyPatch
) -> None:
    file.replace(OLD)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        with pytest.raises(LiveSettingsUnwritableError, match="No space left") as caught:
            file.replace(NEW)
    assert str(Path.cwd()) not in str(caught.value)
    assert file.read()[0] == OLD


def test_a_directory_that_is_gone_cannot_be_written(tmp_path: Path) -> None:
    file = file_in(tmp_path / "gone")
    with pytest.raises(LiveSettingsUnwritableError, match="No such file.*write access") as caught:
        file.replace(NEW)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", r"synonyms\.json: expected JSON"),
        (b"", r"synonyms\.json: expected JSON"),
        (b'{"sets": 5}', r"synonyms\.json: sets: .*\(found 5\)"),
        (b" " * (MAX_BYTES + 1), r"synonyms\.json: .*262,144 bytes"),
    ],
)
def test_a_broken_file_is_told_and_may_be_replaced_by_its_version(
    file: LiveFile[SynonymsDocument], tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "synonyms.json").write_bytes(content)
    with pytest.raises(LiveSettingsUnreadableError, match=message) as caught:
        file.read()
    assert str(tmp_path) not in str(caught.value)
    with pytest.raises(LiveSettingsChangedError):
        file.replace(NEW, {NO_FILE})
    file.replace(NEW)
    assert file.read()[0] == NEW


def test_what_cannot_be_read_is_told_without_its_place(
    file: LiveFile[SynonymsDocument], tmp_path: Path
) -> None:
    (tmp_path / "synonyms.json").mkdir()
    with pytest.raises(LiveSettingsUnreadableError, match="Is a directory") as caught:
        file.read()
    assert str(tmp_path) not in str(caught.value)


def test_a_document_that_is_too_large_is_not_written(file: LiveFile[SynonymsDocument]) -> None:
    many = [["x" * 90 + str(n), "y" * 90 + str(n)] for n in range(1_500)]
    with pytest.raises(BadLiveSettingsError, match="262,144 bytes"):
        file.replace(SynonymsDocument.model_validate({"sets": many}))
    assert file.read()[1] == NO_FILE


def test_the_limit_is_on_what_was_sent_however_it_is_written(
    file: LiveFile[SynonymsDocument], tmp_path: Path
) -> None:
    sets = [[f"wide shoe {n}", f"broad shoe {n}"] for n in range(4_900)]
    sets.append(["z" * 90, "ü" * 90])
    sent = json.dumps({"sets": sets}).encode()  # escaped and spaced
    document = parse(SynonymsDocument, sent)
    assert len(json.dumps(document.model_dump(), indent=2)) > MAX_BYTES > len(sent)
    version = file.replace(document)
    assert file.read() == (document, version)
    assert (tmp_path / "synonyms.json").stat().st_size <= len(sent)


def test_a_document_that_fills_the_limit_to_the_byte_is_kept(
    file: LiveFile[SynonymsDocument],
) -> None:
    sets = [[f"x{n:040}", f"y{n:040}"] for n in range(2_900)]
    short = MAX_BYTES - len(orjson.dumps({"sets": sets}))
    count, rest = divmod(short, len(',["a","bb"]'))
    sets += [["a", "bb"]] * (count - 1) + [["a", "bb" + "b" * rest]]
    sent = orjson.dumps({"sets": sets})
    assert len(sent) == MAX_BYTES
    document = parse(SynonymsDocument, sent)
    version = file.replace(document)
    assert file.read() == (document, version)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b'{"sets": [["a", "b"]], "sets": []}', "sets"),
        (b'{"one_way": [{"from": "a", "to": ["b"], "from": "c"}]}', "from"),
        (b'{"sets": ' + b"9" * 4_000 + b', "never": [], "sets": []}', "sets"),
        (b'{"never": [], "n\\u0065ver": []}', "never"),
    ],
)
def test_a_key_that_stands_twice_is_refused_by_its_name(content: bytes, key: str) -> None:
    with pytest.raises(BadLiveSettingsError, match=f"'{key}' stands 2 times in one object"):
        parse(SynonymsDocument, content)


@given(
    st.lists(st.sampled_from(["window", "rrf_k", "neighbours"]), max_size=6),
)
def test_only_a_document_with_distinct_keys_is_taken(keys: list[str]) -> None:
    content = "{" + ", ".join(f'"{key}": {n + 1}' for n, key in enumerate(keys)) + "}"
    if len(set(keys)) == len(keys):
        expected = {key: n + 1 for n, key in enumerate(keys)}
        assert parse(RankingOverrides, content.encode()).given() == expected
    else:
        with pytest.raises(BadLiveSettingsError, match="stands . times"):
            parse(RankingOverrides, content.encode())


def test_the_stamp_changes_with_the_file_and_with_nothing_else(
    file: LiveFile[SynonymsDocument], tmp_path: Path
) -> None:
    seen = [file.stamp()]
    path = tmp_path / "synonyms.json"
    for change in (
        lambda: file.replace(OLD),
        lambda: file.replace(OLD),
        lambda: path.write_bytes(b"{}"),
        lambda: path.chmod(0o600),  # it may be readable only now
        file.remove,
    ):
        change()
        assert file.stamp() != seen[-1]
        seen.append(file.stamp())
        file.read()
        assert file.stamp() == seen[-1]


def test_where_even_the_stamp_is_out_of_reach_it_is_no_absent_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    file = file_in(tmp_path / "plain")
    assert len(file.stamp()) == 1
    with pytest.raises(LiveSettingsUnreadableError, match="Not a directory"):
        file.read()
