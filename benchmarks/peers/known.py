"""The peers that are known, and which of them can be here: libraries are optional."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers.protocol import Peer

MODULES = {
    "tantivy": ("benchmarks.peers.tantivy", "TantivyPeer"),
    "bm25s": ("benchmarks.peers.bm25s", "Bm25sPeer"),
    "lancedb": ("benchmarks.peers.lance", "LancePeer"),
    "qdrant": ("benchmarks.peers.qdrant", "QdrantPeer"),
    "postgres": ("benchmarks.peers.postgres", "PostgresPeer"),
    "exact": ("benchmarks.peers.exact", "ExactPeer"),
}
"""By what a command line calls them."""


def open_peers(names: Sequence[str]) -> tuple[list[Peer], dict[str, str]]:
    """The peers with these names whose packages are installed, and why the others are not here.

    Raises:
        BenchmarkError: there is no peer of some name.
    """
    peers: list[Peer] = []
    absent = {}
    for name in names:
        if name not in MODULES:
            raise BenchmarkError(f"no peer {name!r}; expected some of {', '.join(MODULES)}")
        module, kind = MODULES[name]
        try:
            peers.append(getattr(import_module(module), kind)())
        except ImportError as error:
            absent[name] = str(error)
    return peers, absent
