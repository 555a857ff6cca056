"""Changes of products while the service runs: asked of a process of its own, one at a time."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

from searchsvc.errors import (
    ChangesFailedError,
    ChangesRefusedError,
    IndexBusyError,
    NotReadyError,
    SearchServiceError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from searchsvc.settings import Settings

_log = logging.getLogger(__name__)
_STOP_SECONDS = 5.0
_MOST_LEVELS = 32
"""To which records are passed on: deeper than they may be, so that such a record is rejected in
its place, and less deep than what JSON can be written of."""
_KINDS: Mapping[str, tuple[type[SearchServiceError], str]] = {
    "IndexLockedError": (IndexBusyError, ""),
    "SnapshotError": (NotReadyError, ""),
    "FeedError": (ChangesRefusedError, ""),
    "GateRefusedError": (
        ChangesRefusedError,
        "the new generation does not pass the gate of the index, or it cannot be evaluated",
    ),
    "ModelError": (
        ChangesRefusedError,
        (
            "texts change, and the model that has to read them is not available; prices, stock "
            "and other fields that are no texts can be changed without it"
        ),
    ),
}
"""By the indexer's kinds of errors, which the service knows by name only, what stands for them
here, and its message where that of the indexer may name places of this machine."""
_IN_THE_LOG = "the service's log has the details. What was published stays"


class ProductChanges:
    """Changes the products of indexes; safe to use from several threads.

    The process that does it is started when it is first needed, and again when it has ended.
    """

    def __init__(self, settings: Settings) -> None:
        """Make one that has not started anything yet.

        Args:
            settings: where indexes and models are.
        """
        directories = (str(settings.data_dir), str(settings.models_dir))
        # The same interpreter: what is called python in the path may be another.
        self._command = (sys.executable, "-m", "searchsvc.changer", *directories)
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def apply(
        self, index: str, records: Sequence[Any], *, mode: str, force: bool
    ) -> dict[str, Any]:
        """Apply a delta to `index`; gives its report, see `indexer.build.deltareport`.

        Args:
            index: its name.
            records: of the delta, as JSON has them.
            mode: what a record asks for that does not say it.
            force: override the guards.

        Raises:
            ChangesRefusedError: a guard, the gate, or a missing model forbids it.
            IndexBusyError: the index is being written by somebody else.
            NotReadyError: what is published cannot be changed.
            ChangesFailedError: the process failed; what is published stays as it was.
        """
        products = [_cut(record, _MOST_LEVELS) for record in records]
        request = {"index": index, "mode": mode, "force": force, "products": products}
        with self._turn:
            answer = self._ask(orjson.dumps(request) + b"\n")
        if "report" in answer:
            report: dict[str, Any] = answer["report"]
            return report
        raise _failure(answer["error"], answer["message"])

    def close(self) -> None:
        """Stop the process; a delta that is being applied is as if it had never been sent."""
        self._closed = True
        if self._process is not None:
            self._process.kill()
        self._forget()

    def _ask(self, request: bytes) -> dict[str, Any]:
        process = self._running()
        line = _exchange(process, request)
        if not line and process.wait() == 0:  # it had nothing to do for long, and was just ending
            self._forget()
            line = _exchange(self._running(), request)
        if not line:
            raise ChangesFailedError(
                f"the process that changes products ended without an answer; {_IN_THE_LOG}"
            )
        answer: dict[str, Any] = orjson.loads(line)
        return answer

    def _forget(self) -> None:
        """The process has ended."""
        process, self._process = self._process, None
        if process is not None:
            _bury(process)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise IndexBusyError("the service is shutting down")
        if self._process is not None and self._process.poll() is not None:
            self._forget()
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        return self._process


def _cut(value: Any, levels: int) -> Any:  # noqa: ANN401 - any JSON
    """`value` without lists and objects that stand in more than `levels` of them."""
    if isinstance(value, dict):
        return {name: _cut(part, levels - 1) for name, part in value.items()} if levels else None
    if isinstance(value, list):
        return [_cut(part, levels - 1) for part in value] if levels else None
    return value


def _bury(process: subprocess.Popen[bytes]) -> None:
    """Close the pipes of a process that ends."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    process.wait(_STOP_SECONDS)


def _exchange(process: subprocess.Popen[bytes], request: bytes) -> bytes:
    """The answer of the process; nothing when it ended."""
    if process.stdin is None or process.stdout is None:
        return b""
    try:
        process.stdin.write(request)
        process.stdin.flush()
    except BrokenPipeError:
        return b""
    return process.stdout.readline()


def _failure(kinds: Sequence[str], message: str) -> SearchServiceError:
    """The error that stands here for one of the indexer's."""
    _log.warning("a change of products was not made: %s: %s", kinds[0], message)
    for name, (kind, instead) in _KINDS.items():
        if name in kinds:
            return kind(f"{instead}; {_IN_THE_LOG}" if instead else message)
    return ChangesFailedError(f"the changes could not be written; {_IN_THE_LOG}")
