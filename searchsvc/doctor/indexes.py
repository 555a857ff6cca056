"""Checks of the indexes: whether they open, their models, their feeds, what was left behind."""

from __future__ import annotations

import fcntl
import time
from typing import TYPE_CHECKING

from indexer.errors import IndexerError, ModelError
from indexer.layout import STAGING_PREFIX, IndexLayout, list_indexes, unpublished_indexes
from indexer.manifest import Manifest, Provenance
from indexer.snapshot import open_snapshot, verify
from searchsvc.doctor.finding import failure, ok, size, warning
from searchsvc.doctor.machine import memory_bytes
from searchsvc.embedders import open_model_of
from searchsvc.live import Live
from searchsvc.watching.status import statuses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from searchsvc.doctor.finding import Patient, Said

_REPAIR = "'searchsvc rollback' to an older generation, or 'searchsvc reindex' with the feed"
_LATE_SECONDS = 86_400.0
_MOST_OF_MEMORY = 0.7
_AHEAD_SECONDS = 3_600.0


def published(patient: Patient) -> Iterator[Said]:
    """Whether what is published can be opened; with `deep`, whether its files are as written."""
    data_dir = patient.settings.data_dir
    names = list_indexes(data_dir)
    for name in names:
        layout = IndexLayout.of(data_dir, name)
        try:
            generation = layout.require_current()
            problems = verify(layout, generation) if patient.deep else []
            products = open_snapshot(layout, generation).manifest.products
        except (IndexerError, OSError) as error:
            yield failure(f"index {name} cannot be opened: {error}", _REPAIR)
            continue
        for problem in problems:
            yield failure(f"index {name}, generation {generation}: {problem}", _REPAIR)
        if not problems:
            read = "every byte read" if patient.deep else "opens; --deep reads every byte"
            yield ok(f"index {name}: {generation}, {products:,} products, {read}")
    lost = unpublished_indexes(data_dir)
    for name in lost:
        yield failure(
            f"index {name} has generations but no CURRENT, which names the published one",
            f"'searchsvc rollback --index {name}' publishes the newest, --to another",
        )
    if not names and not lost:
        yield warning("there is no index", "'searchsvc reindex FEED' makes one")


def live(patient: Patient) -> Iterator[Said]:
    """Whether synonyms, ranking and the other live files of each index can be used."""
    data_dir = patient.settings.data_dir
    for name in list_indexes(data_dir):
        layout = IndexLayout.of(data_dir, name)
        try:
            snapshot = open_snapshot(layout, layout.require_current())
        except (IndexerError, OSError):  # which another check tells
            continue
        refused = Live.examine(layout, snapshot).refused
        for file, reason in refused.items():
            yield failure(
                f"index {name}: {file} cannot be used: {reason}",
                f"mend {layout.root / file} or put it back from a backup; until then what it said "
                "last is in force, or nothing after a restart",
            )
        if not refused:
            yield ok(f"index {name}: its live files can be used")


def leftovers(patient: Patient) -> Iterator[Said]:
    """Whether a build that was killed has left something."""
    data_dir = patient.settings.data_dir
    found = sorted(data_dir.glob(f"*/{STAGING_PREFIX}*"))
    left = [it for it in found if not _is_written(IndexLayout(it.parent.name, it.parent))]
    for path in left:
        yield warning(
            f"{path} was left by a build that was stopped",
            f"the next 'searchsvc reindex --index {path.parent.name}' removes it",
        )
    if not left:
        yield ok("no build has left anything")


def models(patient: Patient) -> Iterator[Said]:
    """Whether the model of each index is there, and is the one that it was built with."""
    data_dir = patient.settings.data_dir
    for name in list_indexes(data_dir):
        layout = IndexLayout.of(data_dir, name)
        try:
            entry = Provenance.read(layout.generation_dir(layout.require_current())).embedder
            open_model_of(patient.settings.models_dir, entry)
        except ModelError as error:
            yield failure(
                f"index {name}: {error}",
                "'searchsvc model install', or name its directory by SEARCHSVC_MODELS_DIR; "
                "until then queries are answered by words alone",
            )
        except IndexerError:  # which another check tells
            continue
        else:
            yield ok(f"index {name}: its model {entry.name} is there, and has its fingerprint")


def feeds(patient: Patient) -> Iterator[Said]:
    """Whether feeds that are watched come in."""
    now = time.time()
    for name, status in statuses(patient.settings.data_dir):
        if status.failures:
            yield warning(
                f"the feed of {name} has failed {status.failures} times in a row: "
                f"{status.problem}",
                f"run 'searchsvc reindex FEED --index {name}', and see to what it says",
            )
        elif now - status.due > _LATE_SECONDS:
            yield warning(
                f"nobody has looked at the feed of {name} since {_hours(now - status.checked)}",
                "start 'searchsvc serve --watch' or the timer that reindexes; where nobody is to "
                f"watch it any more, remove {name}/watch.json",
            )
        else:
            yield ok(f"the feed of {name} was looked at {_hours(now - status.checked)} ago")


def clock(patient: Patient) -> Iterator[Said]:
    """Whether the clock is plausible: expiry of keys and retention of events go by it."""
    data_dir = patient.settings.data_dir
    files = [IndexLayout.of(data_dir, name).current_file for name in list_indexes(data_dir)]
    ahead = max((it.stat().st_mtime for it in files), default=0.0) - time.time()
    if ahead > _AHEAD_SECONDS:
        yield failure(
            f"the clock is {_hours(ahead)} behind the last publication",
            "set the clock (NTP): keys would hold too long, and events be kept too long",
        )
    else:
        yield ok(time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()))


def memory(patient: Patient) -> Iterator[Said]:
    """Whether the indexes fit into the memory; they are mapped, and shared by all workers."""
    data_dir = patient.settings.data_dir
    mapped = 0
    for name in list_indexes(data_dir):
        layout = IndexLayout.of(data_dir, name)
        try:
            mapped += Manifest.read(layout.generation_dir(layout.require_current())).total_bytes
        except IndexerError:  # which another check tells
            continue
    available = memory_bytes()
    message = f"indexes of {size(mapped)}, memory of {size(available)}"
    if mapped > _MOST_OF_MEMORY * available:
        yield warning(
            message, "more memory, or fewer indexes: searches that read from the disk are slow"
        )
    else:
        yield ok(message)


def _is_written(layout: IndexLayout) -> bool:
    try:
        with layout.lock_file.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _hours(seconds: float) -> str:
    return f"{seconds / 3_600:,.1f} h"
