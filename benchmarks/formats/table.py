"""A tab-separated file with a header, row by row."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from benchmarks.errors import CollectionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def read_table(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The chosen columns of each row, with the number of the row's last line.

    Cells may be quoted as in CSV; space around them goes.

    Raises:
        CollectionError: from the iterator, when a column is absent, a row has another number of
            cells than the header, or the file is not UTF-8 text.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter="\t")
        try:
            header = [name.strip() for name in next(reader, [])]
            places = _places(path, header, columns)
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise CollectionError(
                        f"{path}:{reader.line_num}: {len(cells)} tab-separated cells; expected "
                        f"{len(header)} as in the header. A quotation mark may be unbalanced."
                    )
                row = {name: cells[place].strip() for name, place in places.items()}
                yield reader.line_num, row
        except csv.Error as error:
            raise CollectionError(f"{path}:{reader.line_num}: {error}; expected TSV") from error
        except UnicodeDecodeError as error:
            raise CollectionError(f"{path}: not UTF-8 ({error}); convert the file") from error


def _places(path: Path, header: list[str], columns: Sequence[str]) -> dict[str, int]:
    missing = [name for name in columns if name not in header]
    if missing:
        raise CollectionError(
            f"{path}: no column {', '.join(missing)} in the header {', '.join(header)[:200]!r}; "
            f"expected {', '.join(columns)}, separated by tabs"
        )
    return {name: header.index(name) for name in columns}
