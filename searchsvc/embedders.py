"""The models that queries need: found by the manifest, shared by indexes, bounded in time."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING

from indexer.cores import available_cores
from indexer.embedding.hashing import HashingEmbedder
from indexer.embedding.model_files import ModelFiles
from indexer.embedding.onnx import OnnxEmbedder
from indexer.errors import ModelError, ModelMismatchError
from searchsvc.errors import EmbeddingUnavailableError
from searchsvc.routing import RoutedEmbedder, routed

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from indexer.embedding.protocol import Embedder
    from indexer.manifest import EmbedderEntry
    from indexer.snapshot import Snapshot
    from searchsvc.degradation import Reason
    from searchsvc.routing import EncoderChoice, QueryEmbedder

_Stamp = tuple[tuple[str, int, int], ...]
_log = logging.getLogger(__name__)
_HASHING_PREFIX = "hashing-"
_PATIENCE_MS = 60_000.0


def open_embedder(models_dir: Path, name: str) -> Embedder:
    """The embedder called `name`.

    Args:
        models_dir: where the model directories are.
        name: of a model directory, or ``hashing-<dimension>``, which needs no model and knows no
            meaning; it is for tests.

    Raises:
        ModelUnavailableError: there is no such model.
        ModelMismatchError: its files are damaged.
    """
    dimension = name.removeprefix(_HASHING_PREFIX)
    if name.startswith(_HASHING_PREFIX) and dimension.isdecimal():
        return HashingEmbedder(int(dimension))
    return OnnxEmbedder.open(models_dir / name)


def open_model_of(models_dir: Path, entry: EmbedderEntry) -> Embedder:
    """The model whose vectors an index holds.

    Raises:
        ModelUnavailableError: there is no such model.
        ModelMismatchError: what has its name is another one, or is damaged.
    """
    embedder = open_embedder(models_dir, directory_of(models_dir, entry))
    if embedder.fingerprint != entry.fingerprint:
        raise ModelMismatchError(
            f"the installed model {entry.name!r} is not the one that the index was built with "
            f"({embedder.fingerprint[:8]}, expected {entry.fingerprint[:8]}). "
            "Rebuild the index with 'searchsvc reindex', or install that model."
        )
    return embedder


def directory_of(models_dir: Path, entry: EmbedderEntry) -> str:
    """The model directory with the entry's fingerprint, since it may have any name.

    The entry's own name where there is none.
    """
    for card in sorted(models_dir.glob("*/model.json")):
        try:
            found = ModelFiles.open(card.parent).card
        except ModelError:
            continue
        if found.fingerprint == entry.fingerprint:
            return card.parent.name
    return entry.name


class NoEmbedder:
    """Stands where a model should be, and says why it is not there."""

    def __init__(self, reason: str, kind: Reason = "no_model") -> None:
        self._reason = reason
        self._kind: Reason = kind

    def embed_query(self, text: str) -> NDArray[np.float32]:  # noqa: ARG002 - protocol
        """See `QueryEmbedder.embed_query`; always raises."""
        raise EmbeddingUnavailableError(self._reason, self._kind)


class BoundedEmbedder:
    """An embedder that fails instead of being late.

    A computation that has begun cannot be stopped; it goes on in its thread and its vector is
    dropped, while the shopper gets the lexical answer.
    """

    def __init__(self, embedder: Embedder, pool: ThreadPoolExecutor, timeout_ms: float) -> None:
        self._embedder = embedder
        self._pool = pool
        self._timeout_ms = timeout_ms

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See `QueryEmbedder.embed_query`."""
        try:
            future = self._pool.submit(self._embedder.embed_query, text)
        except RuntimeError:  # the pool is closed
            raise EmbeddingUnavailableError("the service is shutting down") from None
        try:
            return future.result(self._timeout_ms / 1e3)
        except FutureTimeoutError:
            future.cancel()
            raise EmbeddingUnavailableError(
                f"no query vector within {self._timeout_ms:g} ms", "model_slow"
            ) from None
        except Exception as error:  # whatever a runtime may raise: the lexical answer is there
            raise EmbeddingUnavailableError(
                f"the embedding model failed ({type(error).__name__})"
            ) from error


class Embedders:
    """Opens each model once, however many indexes use it."""

    def __init__(
        self, models_dir: Path, timeout_ms: float, encoder: EncoderChoice = "auto"
    ) -> None:
        self._models_dir = models_dir
        self._encoder = encoder
        self._timeout_ms = timeout_ms
        self._lock = threading.Lock()
        self._opened: dict[str, QueryEmbedder] = {}
        self._failed: dict[tuple[str, str], tuple[_Stamp, NoEmbedder]] = {}
        self._pool = ThreadPoolExecutor(available_cores(), thread_name_prefix="embed")

    @classmethod
    def patient(cls, models_dir: Path, encoder: EncoderChoice = "auto") -> Embedders:
        """Those of a command: nobody waits in a queue behind a shell."""
        return cls(models_dir, _PATIENCE_MS, encoder)

    def of(self, snapshot: Snapshot) -> QueryEmbedder:
        """What embeds the queries of `snapshot`: its own encoder, its model, or both.

        A service that uses nothing but distilled encoders opens no model for them.
        """
        if "vectors" in snapshot.missing:
            return NoEmbedder("the vectors of the index cannot be read", "no_vectors")
        if snapshot.encoder is not None and self._encoder == "distilled":
            return RoutedEmbedder(snapshot.encoder, None)
        return routed(snapshot, self.get(snapshot.manifest.embedder), self._encoder)

    def get(self, entry: EmbedderEntry) -> QueryEmbedder:
        """The embedder whose vectors an index holds; one that says why where there is none."""
        with self._lock:
            embedder = self._opened.get(entry.fingerprint)
            if embedder is not None:
                return embedder
            # The model may yet be installed: it is tried again when its files have changed.
            key, stamp = (entry.name, entry.fingerprint), _stamp(self._models_dir)
            known = self._failed.get(key)
            if known is not None and known[0] == stamp:
                return known[1]
            try:
                embedder = BoundedEmbedder(
                    open_model_of(self._models_dir, entry), self._pool, self._timeout_ms
                )
            except (ModelError, OSError) as error:
                # The reason names paths of this machine: it is for the log, not for shoppers.
                _log.warning("no query vectors by %s: %s", entry.name, error)
                absent = NoEmbedder(f"the embedding model {entry.name!r} is not available")
                self._failed[key] = stamp, absent
                return absent
            self._opened[entry.fingerprint] = embedder
            return embedder

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _stamp(models_dir: Path) -> _Stamp:
    """Path, time and size of each file of the models."""
    found = [(str(path), path.stat()) for path in models_dir.glob("*/*")]
    return tuple(sorted((path, stat.st_mtime_ns, stat.st_size) for path, stat in found))
