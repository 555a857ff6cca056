"""The transformer embedder: a model directory executed by ONNX Runtime."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from indexer.cores import available_cores
from indexer.embedding.model_files import INPUT_NAME, OUTPUT_NAME, ModelFiles
from indexer.embedding.pieces import whole_words
from indexer.errors import ModelMismatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_TOKENS_PER_BATCH = 512  # any of 256 to 2048 is as fast; the least memory of them
_TEXTS_PER_WINDOW = 4096  # bounds the memory of tokenized texts that wait for their batch
_WARM_UP_TOKENS = (3, 8, 16)


class OnnxEmbedder:
    """Unit vectors from a sentence encoder on the CPU.

    One session with a single thread serves queries and documents alike; documents use all cores by
    running it from several threads at once. A second thread inside the session brings a query
    nothing, and it would let the result depend on how the work was divided.

    Batches hold texts of one token length only. Nothing is padded, and every vector has the same
    bits alone and in any batch (see `model_files`).
    """

    def __init__(
        self,
        files: ModelFiles,
        session: onnxruntime.InferenceSession,
        tokenizer: Tokenizer,
        *,
        query_cache_size: int,
        threads: int,
    ) -> None:
        self._card = files.card
        self._session = session
        self._tokenizer = tokenizer
        self._queries = _RecentVectors(query_cache_size)
        self._threads = threads

    @classmethod
    def open(
        cls, model_dir: Path, *, query_cache_size: int = 1024, threads: int | None = None
    ) -> OnnxEmbedder:
        """Open and warm up a model; takes some tenths of a second.

        Args:
            model_dir: what `install_default_model` or `export_model` returned.
            query_cache_size: how many query vectors are kept, the least recently used go first;
                0 keeps none.
            threads: for documents; by default one per core that this process may use.

        Raises:
            ModelUnavailableError: no such directory, or a file is absent.
            ModelMismatchError: the files are damaged, altered, or not a sentence encoder.
        """
        files = ModelFiles.open(model_dir)
        files.verify()
        embedder = cls(
            files,
            _session(files),
            _tokenizer(files),
            query_cache_size=query_cache_size,
            threads=threads or available_cores(),
        )
        embedder._warm_up()
        return embedder

    @property
    def name(self) -> str:
        """The model's name, from its card."""
        return self._card.name

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        return self._card.meaning.dimension

    @property
    def fingerprint(self) -> str:
        """See `ModelCard.fingerprint`."""
        return self._card.fingerprint

    def words(self) -> Sequence[str]:
        """See `Embedder.words`; a word is a piece that begins and ends a word."""
        return whole_words(self._tokenizer.get_vocab(with_added_tokens=False))

    def tokenizer(self) -> str:
        """See `Teacher.tokenizer`."""
        return self._tokenizer.to_str()

    def reads_alike(self) -> bool:
        """See `Teacher.reads_alike`."""
        return self._card.meaning.query_prompt == self._card.meaning.document_prompt

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See `Embedder`; the vector of a recent query comes from memory."""
        known = self._queries.get(text)
        if known is not None:
            return known
        encoding = self._tokenizer.encode(self._card.meaning.query_prompt + text)
        vector: NDArray[np.float32] = self._run(np.array([encoding.ids], np.int64))[0]
        vector.setflags(write=False)
        self._queries.put(text, vector)
        return vector

    def embed_documents(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """See `Embedder`; equal texts are computed once."""
        return self._embed(texts, self._card.meaning.document_prompt, progress)

    def embed_queries(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """See `Teacher.embed_queries`; equal texts are computed once."""
        return self._embed(texts, self._card.meaning.query_prompt, progress)

    def _embed(
        self, texts: Sequence[str], prompt: str, progress: Callable[[int], None] | None
    ) -> NDArray[np.float32]:
        rows: dict[str, list[int]] = {}
        for row, text in enumerate(texts):
            rows.setdefault(text, []).append(row)
        unique = list(rows)
        vectors = np.empty((len(texts), self.dimension), np.float32)
        pool = ThreadPoolExecutor(self._threads, "embed")
        try:
            for start in range(0, len(unique), _TEXTS_PER_WINDOW):
                window = unique[start : start + _TEXTS_PER_WINDOW]
                prompted = [prompt + text for text in window]
                for members, found in self._embed_window(prompted, pool):
                    places = [rows[window[member]] for member in members]
                    for place, vector in zip(places, found, strict=True):
                        vectors[place] = vector
                    if progress is not None:
                        progress(sum(map(len, places)))
        finally:
            pool.shutdown(cancel_futures=True)
        return vectors

    def _embed_window(
        self, texts: list[str], pool: ThreadPoolExecutor
    ) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
        batches = list(self._batches(texts))
        found = pool.map(self._run, [tokens for _, tokens in batches])
        for (members, _), vectors in zip(batches, found, strict=True):
            yield members, vectors

    def _batches(self, texts: list[str]) -> Iterator[tuple[list[int], NDArray[np.int64]]]:
        """Positions in `texts` with their tokens ``(n, length)``, the longest texts first.

        The longest go first so that no thread is left with them alone at the end.
        """
        encodings = self._tokenizer.encode_batch_fast(texts)
        by_length: dict[int, list[int]] = {}
        for member, encoding in enumerate(encodings):
            by_length.setdefault(len(encoding), []).append(member)
        for length in sorted(by_length, reverse=True):
            members = by_length[length]
            size = max(1, _TOKENS_PER_BATCH // length)
            for start in range(0, len(members), size):
                batch = members[start : start + size]
                yield batch, np.array([encodings[member].ids for member in batch], np.int64)

    def _run(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        (vectors,) = self._session.run([OUTPUT_NAME], {INPUT_NAME: tokens})
        return vectors  # type: ignore[no-any-return]  # onnxruntime has no types

    def _warm_up(self) -> None:
        """Run typical lengths once, so that the first query does not pay for memory and code."""
        for length in _WARM_UP_TOKENS:
            vectors = self._run(
                np.full((1, min(length, self._card.meaning.max_tokens)), 1, np.int64)
            )
            if vectors.shape != (1, self.dimension):
                raise ModelMismatchError(
                    f"{self.name}: the graph returns vectors of shape {vectors.shape}, the card "
                    f"says (1, {self.dimension}); make the model again with `searchsvc model "
                    "install` or `searchsvc model export`"
                )


class _RecentVectors:
    """The vectors of the most recently used queries; safe to use from several threads."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._vectors: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def get(self, text: str) -> NDArray[np.float32] | None:
        with self._lock:
            vector = self._vectors.get(text)
            if vector is not None:
                self._vectors.move_to_end(text)
            return vector

    def put(self, text: str, vector: NDArray[np.float32]) -> None:
        with self._lock:
            self._vectors[text] = vector
            while len(self._vectors) > self._capacity:
                self._vectors.popitem(last=False)


def _session(files: ModelFiles) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; the optimizer's warnings are about its own work
    try:
        return onnxruntime.InferenceSession(
            files.graph,
            options,
            providers=["CPUExecutionProvider"],
            # The fused operator is slower than Add and LayerNormalization on CPU: a quarter of the
            # int8 throughput.
            disabled_optimizers=["SkipLayerNormFusion"],
        )
    except Exception as error:  # onnxruntime's exceptions share no public base class
        raise ModelMismatchError(
            f"{files.graph}: ONNX Runtime {onnxruntime.__version__} cannot load the graph "
            f"({error}); it needs 1.25 or later, or make the model again with `searchsvc model "
            "install` or `searchsvc model export`"
        ) from error


def _tokenizer(files: ModelFiles) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(files.tokenizer))
    except Exception as error:  # the library raises bare Exception
        raise ModelMismatchError(
            f"{files.tokenizer}: not a tokenizer file ({error}); make it again with "
            "`searchsvc model install` or `searchsvc model export`"
        ) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(files.card.meaning.max_tokens)
    if not tokenizer.encode("").ids:
        raise ModelMismatchError(
            f"{files.tokenizer}: an empty text has no tokens and would have no vector; expected a "
            "tokenizer that adds special tokens such as [CLS]"
        )
    return tokenizer
