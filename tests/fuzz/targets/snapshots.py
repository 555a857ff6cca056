"""Files of a snapshot: manifests and arrays that were altered are refused, and never read past.

The checksums are not looked at here: what is tested is what stands behind them.
"""

from __future__ import annotations

import functools

from indexer.errors import SnapshotError
from indexer.manifest import MANIFEST_FILE, Manifest
from indexer.snapshot import open_directory
from indexer.storage import read_arrays
from tests.fuzz.shop import scratch, shop_generation


@functools.cache
def seeds() -> tuple[bytes, ...]:
    """The manifest and the smaller array files of the shop."""
    files = sorted(shop_generation().iterdir())
    small = [file.read_bytes() for file in files if file.stat().st_size < 8_192]
    return tuple(bytes([1 - (content[:1] == b"{")]) + content for content in small)


def target(data: bytes) -> None:
    """Read `data` as the manifest of a generation, or as an array file."""
    folder = scratch("").parent
    try:
        if data[:1] == b"\x00":
            (folder / MANIFEST_FILE).write_bytes(data[1:])
            Manifest.read(folder)
            open_directory(folder, "shop", folder.name, None)
        else:
            path = scratch(".arrays")
            path.write_bytes(data[1:])
            for array in read_arrays(path).arrays.values():
                array.tobytes()
    except SnapshotError:
        return  # as it is documented
