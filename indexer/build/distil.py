"""The fit of a distilled query encoder to a catalogue.

Texts that shoppers might ask are drawn from the catalogue's own, the transformer embeds them, and
the vectors of the word pieces are fitted so that the mean over a text is near its vector
(`indexer.build.ridge`). The products' own texts, whose vectors the build has anyway, are fitted to
as well: they teach longer texts for nothing. Where the catalogue says little of a piece, its
vector stays near the prior, the transformer's for the piece alone.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from indexer.build.ridge import Bags, fit_ridge
from indexer.build.spans import sample_spans
from indexer.build.vocabulary import Vocabulary
from indexer.embedding.distilled import (
    FEATURES,
    TRUSTED,
    DistilledEmbedder,
    Fitted,
    changed_share,
    sample_of,
)
from indexer.embedding.protocol import Teacher
from indexer.manifest import EncoderEntry, describe_file
from indexer.snapshot import ENCODER_FILE
from indexer.vectors.half import widen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.build.progress import Progress
    from indexer.embedding.protocol import Embedder
    from indexer.manifest import Provenance

_SPANS_PER_TEXT = 2
_FEWEST_SPANS = 3_000
_MOST_SPANS = 40_000
_LONGEST_SPAN = 7  # words
_HELD_OUT = 1_000
_LONGEST_HELD_OUT = 24
_LONGEST_BRIEF = 2
_REPEATED = 100
_MOST_REPEATS = 64
_STRENGTH = 0.1  # of the prior; the quality is flat from 0.03 to 0.3
_UNMET = 0.15
_CHANGED = 0.05  # of the texts: from there on an encoder is fitted again
_SEED = 11


@dataclass(frozen=True, slots=True)
class Corpus:
    """What there is to learn from.

    Attributes:
        texts: of the products, as they were embedded.
        vectors: float16 ``(texts, d)``.
        digests: uint8 ``(texts, 16)``, of the texts.
    """

    texts: Sequence[str]
    vectors: NDArray[np.float16]
    digests: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class KnownEncoder:
    """The encoder of an earlier generation."""

    path: Path
    entry: EncoderEntry

    @classmethod
    def of(cls, directory: Path, known: Provenance) -> KnownEncoder | None:
        """That of the generation in `directory`, if it has one and its file is sound."""
        path = directory / ENCODER_FILE
        if known.encoder is None or describe_file(path) != known.files.get(ENCODER_FILE):
            return None
        return cls(path, known.encoder)


def write_encoder(
    path: Path,
    corpus: Corpus,
    embedder: Embedder,
    known: KnownEncoder | None,
    progress: Progress,
) -> EncoderEntry | None:
    """Write an encoder for the queries of a catalogue to `path`.

    Args:
        path: of the new file.
        corpus: the catalogue.
        embedder: its model.
        known: an earlier encoder for the same model. It is kept while few of the texts that it was
            fitted to have changed, so that a daily reindex does not pay for a fit.
        progress: told of the fit.

    Returns:
        What the manifest says of it; ``None``, and no file, where the model or the catalogue has
        no word pieces.
    """
    if not isinstance(embedder, Teacher):
        return None
    if known is not None:
        before = DistilledEmbedder.open(known.path).sample
        if changed_share(before, sample_of(corpus.digests)) < _CHANGED:
            shutil.copyfile(known.path, path)
            return known.entry
    distilled = distil(corpus, embedder, progress)
    if distilled is None:
        return None
    fitted, entry = distilled
    fitted.write(path)
    return entry


def distil(
    corpus: Corpus, teacher: Teacher, progress: Progress
) -> tuple[Fitted, EncoderEntry] | None:
    """An encoder fitted to `corpus`, and how good it is; equal texts give equal bytes.

    Returns:
        ``None`` where the texts have no word that `teacher` knows a piece of.
    """
    rng = np.random.default_rng(_SEED)
    count = int(np.clip(_SPANS_PER_TEXT * len(corpus.texts), _FEWEST_SPANS, _MOST_SPANS))
    progress.start("reading word pieces", None)
    vocabulary = Vocabulary.learn(corpus.texts, teacher.tokenizer())
    spans = sample_spans(corpus.texts, count, _LONGEST_SPAN, rng)
    if not spans or not vocabulary.pieces:
        return None
    held_out = _held_out(corpus.texts, frozenset(spans), rng)
    asked = [*held_out, *_brief(corpus.texts, frozenset(spans), np.random.default_rng(_SEED))]
    progress.start("distilling a query encoder", len(vocabulary.pieces) + len(spans) + len(asked))
    prior = teacher.embed_queries(vocabulary.pieces, progress=progress.advance)
    bags, targets = _lessons(vocabulary, spans, teacher, progress)
    counts = np.bincount(bags.pieces, minlength=len(prior)).astype(np.int32)
    if teacher.reads_alike():
        bags, targets = _with_documents(bags, targets, vocabulary, corpus, rng)
    fitted = Fitted(
        teacher=teacher.name,
        tokenizer=vocabulary.tokenizer,
        rows=vocabulary.rows,
        vectors=fit_ridge(bags, targets, prior, _STRENGTH),
        counts=counts,
        fallback=teacher.embed_queries([""])[0],
        trust=np.zeros(FEATURES, np.float32),
        sample=sample_of(corpus.digests),
    )
    vectors = teacher.embed_queries(asked, progress=progress.advance)
    fitted = replace(fitted, trust=_Examination(asked, vectors).trust(fitted, prior, rng))
    examination = _Examination(held_out, vectors[: len(held_out)])
    return fitted, examination.entry(fitted, len(spans))


def _held_out(texts: Sequence[str], known: frozenset[str], rng: np.random.Generator) -> list[str]:
    """Spans to measure on, up to the length of sentences."""
    spans = sample_spans(texts, _HELD_OUT, _LONGEST_HELD_OUT, rng)
    return [span for span in spans if span not in known] or spans


def _brief(texts: Sequence[str], known: frozenset[str], rng: np.random.Generator) -> list[str]:
    """Texts of one or two words, as most queries are, and some that repeat theirs.

    Among spans up to the length of sentences they are too few to be estimated well. Of a small
    catalogue nearly all are `known`; there the few others would tell little.
    """
    spans = sample_spans(texts, _HELD_OUT, _LONGEST_BRIEF, rng)
    others = [span for span in spans if span not in known]
    repeated = spans[:_REPEATED]
    times = np.exp2(rng.uniform(1, np.log2(_MOST_REPEATS), size=len(repeated))).astype(int)
    return [
        *(others if 2 * len(others) >= len(spans) else spans),
        *(" ".join([it] * count) for it, count in zip(repeated, times.tolist(), strict=True)),
    ]


def _lessons(
    vocabulary: Vocabulary, spans: Sequence[str], teacher: Teacher, progress: Progress
) -> tuple[Bags, NDArray[np.float32]]:
    bags, chosen = vocabulary.bags(spans)
    return bags, teacher.embed_queries(spans, progress=progress.advance)[chosen]


def _with_documents(
    bags: Bags,
    targets: NDArray[np.float32],
    vocabulary: Vocabulary,
    corpus: Corpus,
    rng: np.random.Generator,
) -> tuple[Bags, NDArray[np.float32]]:
    """Also as many of the products' texts as there are spans."""
    rows = np.sort(rng.permutation(len(corpus.texts))[: len(targets)])
    longer, chosen = vocabulary.bags([corpus.texts[row] for row in rows.tolist()])
    joined = Bags(
        np.concatenate((bags.pieces, longer.pieces)),
        np.concatenate((bags.bounds, bags.bounds[-1] + longer.bounds[1:])),
    )
    return joined, np.concatenate((targets, widen(corpus.vectors[rows[chosen]])))


@dataclass(frozen=True, slots=True)
class _Examination:
    """Texts that an encoder was not fitted to, and the transformer's vectors of them."""

    texts: Sequence[str]
    vectors: NDArray[np.float32]

    def trust(
        self, fitted: Fitted, prior: NDArray[np.float32], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Weights by which a text's features give an estimate of its cosine.

        Shoppers use words of which the catalogue says little. So the texts are asked twice: the
        second time as if the fit had never met some of the pieces.
        """
        unmet = rng.random(len(prior)) < _UNMET
        poorer = replace(
            fitted,
            vectors=np.where(unmet[:, None], prior, fitted.vectors),
            counts=np.where(unmet, 0, fitted.counts).astype(np.int32),
        )
        asked = [DistilledEmbedder(it.file()).described(self.texts) for it in (fitted, poorer)]
        features = np.concatenate([features for _, features in asked]).astype(np.float64)
        cosines = np.concatenate([(it * self.vectors).sum(axis=1) for it, _ in asked])
        # All but the constant are held near 0, which few texts need and many do not notice.
        caution = np.diag([0.0, *np.ones(FEATURES - 1)])
        weights, *_ = np.linalg.lstsq(
            features.T @ features + caution, features.T @ cosines, rcond=None
        )
        return np.asarray(weights, np.float32)

    def entry(self, fitted: Fitted, spans: int) -> EncoderEntry:
        encoder = DistilledEmbedder(fitted.file())
        vectors, features = encoder.described(self.texts)
        cosines = (vectors * self.vectors).sum(axis=1)
        return EncoderEntry(
            fingerprint=encoder.fingerprint,
            pieces=encoder.pieces,
            spans=spans,
            held_out_cosine=round(float(cosines.mean()), 4),
            trusted_share=round(float((encoder.confidences(features) >= TRUSTED).mean()), 4),
        )
