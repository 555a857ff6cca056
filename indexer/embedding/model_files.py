"""The model directory: a graph, its tokenizer, and the card that says what they compute.

::

    <name>/model.onnx       input_ids int64 (texts, tokens) -> embedding float32 (texts, dimension)
    <name>/tokenizer.json   truncates at max_tokens, pads nothing
    <name>/model.json       ModelCard

The graph has no attention mask: all texts of one batch must have the same number of tokens. That
costs nothing (a catalogue has many texts of each length) and it is what makes a vector independent
of the batch it was computed in, since padding changes how the kernels group their additions.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from indexer.errors import ModelMismatchError, ModelUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT_VERSION: Final = 1  # 1: first version

INPUT_NAME = "input_ids"
OUTPUT_NAME = "embedding"

Pooling = Literal["mean", "cls"]

_GRAPH = "model.onnx"
_TOKENIZER = "tokenizer.json"
_CARD = "model.json"
_REMEDY = "make it again with `searchsvc model install` or `searchsvc model export`"


class ModelMeaning(BaseModel):
    """What, besides the graph and the tokenizer, determines a text's vector.

    Attributes:
        dimension: length of every vector.
        pooling: how token vectors become one; done inside the graph.
        normalize: always true, the graph ends with the L2 norm (`Embedder` promises it).
        max_tokens: longer texts are cut here, special tokens included.
        query_prompt: put before every query.
        document_prompt: put before every document.
        quantization: how the graph's weights and activations are stored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dimension: int = Field(gt=0)
    pooling: Pooling
    normalize: Literal[True] = True
    max_tokens: int = Field(gt=0)
    query_prompt: str = ""
    document_prompt: str = ""
    quantization: Literal["none", "int8"]


class ModelCard(BaseModel):
    """The content of ``model.json``.

    Attributes:
        name: for people.
        source: where the weights came from, precise enough to fetch them again.
        fingerprint: sha256 over the graph, the tokenizer and `meaning`; 64 hexadecimal digits.
            The version of ONNX Runtime is not in it: another version rounds some bytes otherwise
            (mean cosine .9996 between 1.26 and 1.31), which is no reason to embed a catalogue
            again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = FORMAT_VERSION
    name: str = Field(min_length=1)
    source: str
    meaning: ModelMeaning
    fingerprint: str = Field(pattern=r"^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model directory whose structure is sound; `verify` checks its content as well."""

    directory: Path
    card: ModelCard

    @property
    def graph(self) -> Path:
        """The ONNX graph."""
        return self.directory / _GRAPH

    @property
    def tokenizer(self) -> Path:
        """The tokenizer, in the JSON format of the `tokenizers` library."""
        return self.directory / _TOKENIZER

    @classmethod
    def open(cls, directory: Path) -> ModelFiles:
        """Read the card and see that the files are there.

        Raises:
            ModelUnavailableError: no such directory, or a file is absent.
            ModelMismatchError: the card cannot be read by this version.
        """
        if not directory.is_dir():
            raise ModelUnavailableError(
                f"{directory}: no such model directory; make the default model with "
                "`searchsvc model install`"
            )
        for name in (_CARD, _GRAPH, _TOKENIZER):
            if not (directory / name).is_file():
                raise ModelUnavailableError(f"{directory}: {name} is missing; {_REMEDY}")
        try:
            card = ModelCard.model_validate_json((directory / _CARD).read_bytes())
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise ModelMismatchError(
                f"{directory / _CARD}: {where}: {first['msg']} (this version reads format "
                f"{FORMAT_VERSION}); {_REMEDY}"
            ) from error
        return cls(directory, card)

    def verify(self) -> None:
        """Recompute the fingerprint; about 15 ms for the default model.

        Raises:
            ModelMismatchError: the files are not those that the card was written for.
        """
        found = fingerprint(
            self.graph.read_bytes(), self.tokenizer.read_bytes(), self.card.meaning
        )
        if found != self.card.fingerprint:
            raise ModelMismatchError(
                f"{self.directory}: the files have fingerprint {found}, {_CARD} says "
                f"{self.card.fingerprint}: altered or damaged; {_REMEDY}"
            )

    @classmethod
    def write(
        cls, directory: Path, *, name: str, source: str, content: ModelContent
    ) -> ModelFiles:
        """Write a model directory aside and rename it into place, replacing what is there.

        A crash leaves the old directory, or none and the new one under its temporary name; never
        a mixture of both.
        """
        card = ModelCard(
            name=name,
            source=source,
            meaning=content.meaning,
            fingerprint=fingerprint(content.graph, content.tokenizer, content.meaning),
        )
        directory.parent.mkdir(parents=True, exist_ok=True)
        aside = directory.with_name(f".{directory.name}.{secrets.token_hex(4)}")
        aside.mkdir()
        try:
            _write_synced(aside / _GRAPH, content.graph)
            _write_synced(aside / _TOKENIZER, content.tokenizer)
            _write_synced(aside / _CARD, (card.model_dump_json(indent=2) + "\n").encode())
            _replace_directory(aside, directory)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return cls(directory, card)


@dataclass(frozen=True, slots=True)
class ModelContent:
    """What a conversion yields: the bytes of both files, and what they mean."""

    graph: bytes
    tokenizer: bytes
    meaning: ModelMeaning


def fingerprint(graph: bytes, tokenizer: bytes, meaning: ModelMeaning) -> str:
    """Sha256 over everything that determines vectors; 64 hexadecimal digits."""
    parts = (graph, tokenizer, meaning.model_dump_json().encode())
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _replace_directory(new: Path, target: Path) -> None:
    if target.exists():
        # rename() does not replace a directory that has files in it.
        old = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        target.rename(old)
        new.rename(target)
        shutil.rmtree(old)
    else:
        new.rename(target)
