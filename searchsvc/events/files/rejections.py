"""The rows that an import leaves out: counted, and listed without what they say of people."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import asdict, dataclass
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Self

import orjson

from indexer.durable import flush, remove_durably

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

MAX_SHOWN = 5
"""Rows that a summary repeats."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a row was left out. It repeats no value: any cell may hold the id of a person.

    Attributes:
        line: on which the row begins, from 1.
        field: that is wrong, ``""`` when the row as a whole is.
        reason: what was expected.
    """

    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line:,}: {self.field or 'row'}: {self.reason}"


class RejectionFile:
    """Collects rejections; `keep` puts them at `path`, nothing is there before.

    A context manager: what was not kept is gone with it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self.first: list[Rejection] = []
        self._reasons: Counter[str] = Counter()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = TemporaryFile(dir=path.parent)  # noqa: SIM115 - closed by `__exit__`

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def reject(self, rejection: Rejection) -> None:
        """Count and list a row."""
        self.count += 1
        self._reasons[f"{rejection.field or 'row'}: {rejection.reason}"] += 1
        if len(self.first) < MAX_SHOWN:
            self.first.append(rejection)
        self._file.write(orjson.dumps(asdict(rejection)) + b"\n")

    @property
    def reasons(self) -> Mapping[str, int]:
        """How many rows were left out for each field and reason, most frequent first."""
        return dict(self._reasons.most_common())

    def keep(self) -> str:
        """Replace the file at `path`; gives the path, ``""`` when there was nothing to list."""
        if not self.count:
            remove_durably(self.path)  # an earlier import's would be taken for this one's
            return ""
        aside = self.path.with_name(f".{self.path.name}.{os.getpid()}.new")
        self._file.seek(0)
        with aside.open("wb") as out:
            shutil.copyfileobj(self._file, out)
            out.flush()
            os.fsync(out.fileno())
        aside.replace(self.path)
        flush(self.path.parent)
        return str(self.path)
