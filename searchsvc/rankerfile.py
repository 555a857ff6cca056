"""The ranker file: the trees of an index's second stage, and what they were trained on.

``ranker.safetensors`` stands beside the other live files of an index and is replaced and read as
they are: without a reindex, and by rename. It is an array file (see `indexer.storage`) with the
arrays of `Trees` and one text, a `RankerOrigin` as JSON; a tree's features are numbers into the
names that the text has, so that a later version may compute more of them, in another order.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from indexer.durable import remove_durably, write_durably
from indexer.errors import SnapshotCorruptError
from indexer.storage import read_arrays, write_arrays
from searchsvc.errors import LiveSettingsUnreadableError
from searchsvc.livefile import changing, stamp_of
from searchsvc.policy import ranking_settings
from searchsvc.reranking.protocol import FEATURES
from searchsvc.reranking.trees import LEAF, TreeEnsemble, Trees

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from searchsvc.livefile import Stamp
    from searchsvc.policy import RankingPolicy

FORMAT: Final = 1
"""1: November 2026. Trees of at most eight leaves."""
MAX_BYTES = 4 * 1024 * 1024
_TEXT = "ranker"
_RETRAIN = (
    "Train it again with 'searchsvc ranker train', or remove it with 'searchsvc ranker clear'"
)
_DTYPES = dict.fromkeys(("thresholds", "values", "linear"), np.dtype("f4"))

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class HeldOutFigures(_Value):
    """Of one measure on queries that had no part in the training.

    Attributes:
        before: mean without the ranker.
        after: mean with it.
        low: of the 95 % interval of the gain.
        high: likewise.
        p: two-sided.
    """

    before: float
    after: float
    low: float
    high: float
    p: float


class RankerOrigin(_Value):
    """What a ranker was trained on, and what it gained.

    Attributes:
        format: see `FORMAT`.
        features: the names behind the trees' feature numbers.
        judgments: SHA-256 of the judged queries.
        queries: how many of them had a part.
        generation: of the catalogue.
        embedder: fingerprint of its model.
        ranking: the ranking settings of the first stage.
        held_out: figures by measure.
    """

    format: Literal[1] = FORMAT
    features: tuple[str, ...]
    judgments: Digest
    queries: int = Field(ge=1)
    generation: str
    embedder: Digest
    ranking: dict[str, bool | int | float | str | None]
    held_out: dict[str, HeldOutFigures]


@dataclass(frozen=True, slots=True, eq=False)
class Ranker:
    """A ranker as it is served.

    Attributes:
        reranker: ready to score.
        trees: how many it adds up.
        origin: what it was trained on.
    """

    reranker: TreeEnsemble
    trees: int
    origin: RankerOrigin


class RankerFile:
    """The ranker file of one index."""

    def __init__(self, layout: IndexLayout) -> None:
        self._path = layout.ranker_file
        self._lock = layout.live_lock_file

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return self._path.name

    def stamp(self) -> Stamp:
        """See `stamp_of`."""
        return stamp_of(self._path)

    def read(self) -> Ranker | None:
        """The ranker; ``None`` where there is no file.

        Raises:
            LiveSettingsUnreadableError: the file cannot be read, is damaged, of another format,
                or asks for features that this version does not compute.
        """
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refusal(f"cannot be read ({error.strerror or error})") from error
        if size > MAX_BYTES:
            raise self._refusal(f"has {size:,} bytes, expected at most {MAX_BYTES:,}")
        try:
            file = read_arrays(self._path)
            origin = RankerOrigin.model_validate_json(file.metadata.get(_TEXT, ""))
            trees = Trees(**{f.name: _array(file.array(f.name), f.name) for f in fields(Trees)})
            columns = _columns(origin.features)
            trees.check(len(columns))
        except SnapshotCorruptError as error:
            raise self._refusal("is damaged, or no array file with the arrays of trees") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "its text"
            raise self._refusal(f"is of no known format at {place!r}: {first['msg']}") from error
        except ValueError as error:
            raise self._refusal(str(error)) from error
        used = np.where(trees.features == LEAF, LEAF, columns[trees.features])
        linear = np.zeros(len(FEATURES), np.float32)
        linear[columns] = trees.linear
        trees = replace(trees, features=used.astype(np.int32), linear=linear)
        return Ranker(TreeEnsemble(trees, len(FEATURES)), len(trees), origin)

    def replace(self, trees: Trees, origin: RankerOrigin) -> None:
        """Make `trees` the ranker.

        Raises:
            LiveSettingsUnwritableError: the disk is full or read-only.
        """
        arrays = {entry.name: getattr(trees, entry.name) for entry in fields(Trees)}
        with TemporaryDirectory(prefix="searchsvc-ranker-") as directory:
            aside = Path(directory) / self.name
            write_arrays(aside, arrays, {_TEXT: origin.model_dump_json()})
            data = aside.read_bytes()
        with changing(self._path, self._lock):
            write_durably(self._path, data)

    def remove(self) -> None:
        """Have no ranker.

        Raises:
            LiveSettingsUnwritableError: the directory is read-only.
        """
        with changing(self._path, self._lock):
            remove_durably(self._path)

    def _refusal(self, reason: str) -> LiveSettingsUnreadableError:
        return LiveSettingsUnreadableError(f"{self.name}: {reason}. {_RETRAIN}")


def ranking_of(policy: RankingPolicy) -> dict[str, bool | int | float | str | None]:
    """The settings of the first stage, which the features depend on, by name."""
    values = {name: getattr(policy, name) for name in ranking_settings() if name != "rerank"}
    return {**values, "fusion": str(policy.fusion)}


def _array(array: np.ndarray[Any, Any], name: str) -> np.ndarray[Any, Any]:
    """A copy of a mapped array: the file may be cut short behind our back."""
    expected = _DTYPES.get(name, np.dtype("i4"))
    if array.dtype != expected or array.ndim != 1:
        raise ValueError(f"array {name!r} is {array.dtype}, {array.ndim}-d; expected {expected}")
    return array.copy()


def _columns(names: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Where this version has each of the features called `names`."""
    unknown = sorted(set(names) - set(FEATURES))
    if unknown:
        raise ValueError(
            f"it was trained on the features {', '.join(unknown)}; this version has "
            f"{', '.join(FEATURES)}"
        )
    return np.array([FEATURES.index(name) for name in names], np.int64)
