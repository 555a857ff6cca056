"""Writes the fixture of the current format version: ``python -m tests.compat.make_fixture``.

Run it when FORMAT_VERSION is raised, and again after each change of the files until that version
is released; the fixtures of earlier versions stay as they are.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from indexer.build.reindex import reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.manifest import FORMAT_VERSION
from indexer.settings import IndexSettings, VectorSettings

FOLDER = Path(__file__).parent
RECORDS = [
    {
        "id": f"p{number}",
        "title": f"{colour} {thing}",
        "brand": "Acme",
        "mpn": f"AC-{number:03}",
        "price": f"{number + 1}.50 EUR",
        "location": f"{40 + number}.5,2.25;0,0",
        "attributes": {"colour": colour, "waterproof": number % 2 == 0, "weight": number * 1.5},
    }
    for number, (colour, thing) in enumerate(
        (colour, thing) for colour in ("red", "blue", "green") for thing in ("shoe", "hat", "coat")
    )
]


def main() -> None:
    """Write it."""
    with tempfile.TemporaryDirectory() as scratch:
        feed = Path(scratch) / "feed.jsonl"
        feed.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
        layout = IndexLayout.of(Path(scratch), "shop")
        settings = IndexSettings(vectors=VectorSettings(exact_below=0))
        reindex(str(feed), layout, settings, HashingEmbedder(16))
        target = FOLDER / f"format_{FORMAT_VERSION}"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(layout.generation_dir(layout.require_current()), target)


if __name__ == "__main__":
    main()
