"""A test stand: indexes as the service finds them, without touching where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.crowd import draw_segments
from indexer.layout import IndexLayout
from indexer.snapshot import open_snapshot
from searchsvc.livedocuments import SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SEED = 20_261_122


def mount(layouts: Iterable[IndexLayout], folder: Path) -> None:
    """Make `folder` a data directory with the current generations of `layouts`.

    The generations are linked, not copied. Each index gets the crowd's segments with all their
    boosts; what else a service writes goes to `folder`, too.

    Raises:
        SnapshotError: a layout has no generation that can be opened.
    """
    for layout in layouts:
        generation = layout.require_current()
        mounted = IndexLayout.of(folder, layout.name)
        mounted.generations_dir.mkdir(parents=True)
        existing = layout.generation_dir(generation).resolve()
        mounted.generation_dir(generation).symlink_to(existing, target_is_directory=True)
        mounted.current_file.write_text(f"{generation}\n", "utf-8")
        segments = draw_segments(open_snapshot(mounted), np.random.default_rng(_SEED))
        SEGMENTS.file(mounted).replace(segments)
