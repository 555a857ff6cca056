"""The changer: a process of its own in which products change while the service answers.

``python -m searchsvc.changer DATA_DIR MODELS_DIR`` reads one request a line from standard input
and answers each with one line, both JSON; what anything else prints goes to standard error. It
stays, since to start costs more than most deltas, and ends when its input does or nobody has asked
for a while. It gives way to other processes, and its memory is not the service's.
"""

from __future__ import annotations

import os
import select
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import orjson

from indexer.build.delta import DeltaOptions, apply_delta
from indexer.build.reindex import Recipe
from indexer.cores import give_way
from indexer.errors import IndexerError, IndexLockedError
from indexer.feeds.change import Operation
from indexer.layout import IndexLayout
from indexer.manifest import Manifest
from indexer.verified import Verified
from searchsvc import logs
from searchsvc.embedders import open_model_of
from searchsvc.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexer.build.deltareport import DeltaReport
    from indexer.build.gate import Gate
    from indexer.embedding.protocol import Embedder

IDLE_SECONDS = 120.0
_NICE = 10  # behind every search, but before work that nobody waits for
_LOCK_SECONDS = 3.0  # a change by another process of the service takes about one
_LOCK_LOOKS_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Changer:
    """Applies deltas; a model that was opened once stays open.

    Attributes:
        settings: of the service, with the directories that it works on.
        embedders: those that are open, by fingerprint: a name may come to mean another model.
        verified: files that were read already and are sound.
    """

    settings: Settings
    embedders: dict[str, Embedder] = field(default_factory=dict)
    verified: Verified = field(default_factory=Verified)

    def answer(self, line: bytes) -> bytes:
        """The answer to one request.

        Args:
            line: JSON: ``index``, ``mode``, ``force`` and ``products``, the records.

        Returns:
            JSON: ``report``, or ``error``, the names of its classes, and ``message``.
        """
        request = orjson.loads(line)
        try:
            layout = IndexLayout.of(self.settings.data_dir, request["index"])
            options = DeltaOptions(
                mode=Operation(request["mode"]), force=request["force"], verified=self.verified
            )
            report = _patiently(
                lambda: apply_delta(
                    request["products"], layout, lambda: self._recipe(layout), options
                )
            )
        except (IndexerError, OSError) as error:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            return orjson.dumps({"error": kinds, "message": str(error)})
        return orjson.dumps({"report": report.to_dict()})

    def _recipe(self, layout: IndexLayout) -> Recipe:
        manifest = Manifest.read(layout.generation_dir(layout.require_current()))
        entry = manifest.embedder
        if entry.fingerprint not in self.embedders:
            opened = open_model_of(self.settings.models_dir, entry)
            self.embedders[entry.fingerprint] = opened
        embedder = self.embedders[entry.fingerprint]
        return Recipe(manifest.settings, embedder, self._gate(layout, manifest, embedder))

    def _gate(self, layout: IndexLayout, manifest: Manifest, embedder: Embedder) -> Gate | None:
        if manifest.settings.gate is None:
            return None
        # Half of the command line, which most indexes have no use for.
        from searchsvc.cli.gate import RelevanceGate  # noqa: PLC0415

        return RelevanceGate(layout, manifest.settings.gate, self.settings, embedder)


def _patiently(apply: Callable[[], DeltaReport]) -> DeltaReport:
    """Wait a moment for whoever is writing: another process of the service takes no longer."""
    until = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return apply()
        except IndexLockedError:
            if time.monotonic() > until:
                raise
        time.sleep(_LOCK_LOOKS_SECONDS)


def serve(changer: Changer, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there is nothing to answer.

    Args:
        changer: what answers.
        requests: one a line; a file that the system can wait for.
        answers: one a line.
    """
    # Whoever asks waits for the answer, so that no second request is in the buffer.
    while select.select([requests], [], [], IDLE_SECONDS)[0] and (line := requests.readline()):
        answers.write(changer.answer(line) + b"\n")
        answers.flush()


def main(data_dir: str, models_dir: str) -> None:
    """Answer standard input on standard output; whatever prints to that is diverted."""
    give_way(_NICE)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    settings = Settings(data_dir=Path(data_dir), models_dir=Path(models_dir))
    logs.configure(settings.log_format, settings.log_level, settings.secrets())
    serve(Changer(settings), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
