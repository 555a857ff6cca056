"""A soak: everything at once for a while, and nothing is wrong, lost or left behind.

CI runs a short one; ``make soak`` a long one (``SEARCHSVC_SOAK_SECONDS``).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indexer.layout import IndexLayout
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.searchsvc.eventually import eventually
from tests.searchsvc.http.servers import serving
from tests.soak.clients import KEY, Report, Soak, build, wait
from tests.soak.growth import Watch, generations, sample

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("SEARCHSVC_SOAK_SECONDS", "12"))
WORKERS = 2
WARM_SHARE = 0.4
"""Of the time, in which caches fill, threads start and allocators take what they keep."""
LONG_SECONDS = 300.0
MEMORY_SHARE = 0.05 if SECONDS >= LONG_SECONDS else 0.25
"""How much more of its memory a service may seem to take, by the line through the samples."""
FILES = 10
"""How many more files a service may seem to have open, likewise."""
FILES_AT_REST = 24
"""More than before it was asked anything: the database, pipes, this test's own connections."""
SHARED_PARTS = 6
"""Lookups, words, spelling, suggestions, vectors, encoder: see `indexer.snapshot`."""
SETTINGS = {
    "SEARCHSVC_ADMIN_KEY": KEY,
    "SEARCHSVC_HEADER_TIMEOUT_S": "1",
    "SEARCHSVC_BODY_TIMEOUT_S": "1",
    "SEARCHSVC_WRITE_TIMEOUT_S": "1",
    "SEARCHSVC_SLOW_MS": "60000",
}


def has_let_go(layout: IndexLayout, held: set[str]) -> bool:
    """Whether the current generation is mapped, and of older ones no more than it shares.

    A part whose file is the same in the next generation stays mapped where it was first opened.
    """
    return layout.require_current() in held and len(held) <= 1 + SHARED_PARTS


def test_nothing_is_wrong_lost_or_left_behind(
    tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    build(data_dir, 0)
    report = Report()
    with serving(data_dir, WORKERS, **SETTINGS) as server:
        pid = server.process.pid
        idle = sample(pid)
        with Watch(pid) as watch, Soak(server, data_dir, report):
            wait(SECONDS, report)
        assert not report.wrong, "\n".join(report.wrong)
        by_who = {who: 0 for who, _ in report.counts}
        for (who, _), count in report.counts.items():
            by_who[who] += count
        shed = sum(count for (_, status), count in report.counts.items() if status == 503)
        memory, usual = watch.growth(lambda it: it.memory, WARM_SHARE)
        files, _ = watch.growth(lambda it: it.files, WARM_SHARE)
        print(  # noqa: T201 - what the long one is run for
            f"\n{report.total():,} requests in {SECONDS:g} s {by_who}, {shed:,} shed, "
            f"{len(report.acknowledged):,} events, {dict(report.published)}; memory "
            f"{usual / 1e6:.1f} MB {memory / 1e6:+.1f} MB, files {files:+.1f}"
        )
        record_property("requests", report.total())
        assert memory < MEMORY_SHARE * usual
        assert files < FILES
        assert min(by_who.values()) > 0
        assert shed < report.total() / 10
        assert report.published["delta"]
        # With the clients gone, what was held for them is gone, too; and so are old generations.
        eventually(lambda: sample(pid).files <= idle.files + FILES_AT_REST)
        eventually(lambda: has_let_go(IndexLayout.of(data_dir, "shop"), generations(pid)))
        server.process.terminate()
        assert server.process.wait(30) == 0
    store = StateStore.open(Settings(data_dir=data_dir), create=False)
    try:
        stored = [event.id for event in store.events()]
    finally:
        store.close()
    assert set(report.acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))
    assert "Traceback" not in (data_dir / "server.log").read_text()
