"""The script that synchronizes readers: stopped before every command, and read all the while."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from indexer.build.reindex import ReindexOptions
from indexer.snapshot import verify
from tests.crash import shop

SCRIPT = Path(__file__).parents[2] / "docs" / "operations" / "synchronize.sh"
# bash, since only it can stop before a command; the script itself needs a plain sh.
_STOPPED = 'n=0; trap \'n=$((n + 1)); [ "$n" -le "$STOP" ] || kill -9 $$\' DEBUG; . "$0"'

pytestmark = pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash here")


def synchronize(source: Path, target: Path) -> int:
    command = ["sh", SCRIPT, source, target, shop.INDEX]
    return subprocess.run(command, check=False, capture_output=True).returncode


def stopped_before(command: int, source: Path, target: Path) -> bool:
    """Whether it was killed before that many commands were done."""
    done = subprocess.run(
        [str(shutil.which("bash")), "-T", "-c", _STOPPED, SCRIPT, source, target, shop.INDEX],
        env={"PATH": "/usr/bin:/bin", "STOP": str(command)},
        check=False,
        capture_output=True,
    )
    assert done.returncode in (0, -9), done.stderr
    return done.returncode != 0


def test_what_is_published_arrives_with_its_live_files_and_old_generations_go(
    tmp_path: Path,
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    shop.build(source, 1)
    synonyms = shop.layout_of(source).synonyms_file
    synonyms.write_text("{}")
    assert synchronize(source, target) == 0
    assert shop.published(target) == shop.published(source)
    there = shop.layout_of(target)
    assert there.synonyms_file.read_text() == "{}"
    assert not there.source_file.exists()
    assert there.root.stat().st_mode & 0o777 == 0o700
    synonyms.unlink()
    for edition in (2, 3):
        shop.build(source, edition)
        assert synchronize(source, target) == 0
    assert shop.published(target) == shop.published(source)
    assert not there.synonyms_file.exists()
    assert len(there.generations()) == 2  # one to go back to


@pytest.mark.slow
def test_a_reader_finds_a_whole_generation_wherever_it_is_stopped(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    shop.build(source, 1)
    assert synchronize(source, target) == 0
    before = shop.published(target)
    shop.build(source, 2)
    (shop.layout_of(source).root / "synonyms.json").write_text("{}")
    after = shop.published(source)
    found = set()
    command = 0
    while True:
        copy = tmp_path / f"stopped{command}"
        shutil.copytree(target, copy)
        stopped = stopped_before(command, source, copy)
        seen = shop.published(copy)
        found.add(seen)
        assert seen in (before, after), command
        assert synchronize(source, copy) == 0  # again, and it is complete
        assert shop.published(copy) == after
        assert not list(copy.rglob(".part-*"))
        shutil.rmtree(copy)
        if not stopped:
            break
        command += 1 if shop.TRIALS else 3
    assert found == {before, after}
    assert command > 10


@pytest.mark.slow
def test_a_reader_never_meets_a_half_generation_while_the_writer_publishes_and_prunes(
    tmp_path: Path,
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    shop.build(source, 1)
    assert synchronize(source, target) == 0
    stop = threading.Event()
    looked: list[str] = []

    def read() -> None:
        layout = shop.layout_of(target)
        while not stop.is_set():
            generation = layout.require_current()
            problems = verify(layout, generation)
            # It may have been removed by now, two synchronizations later; never damaged.
            if problems and generation == layout.current():
                looked.append(f"{generation}: {problems}")
                return
            looked.append("")

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for edition in range(max(6, shop.TRIALS)):
            shop.build(source, edition % 4, options=ReindexOptions(keep=1, force=True))
            assert synchronize(source, target) == 0
    finally:
        stop.set()
        reader.join()
    assert looked
    assert set(looked) == {""}
