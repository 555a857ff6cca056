"""``searchsvc inspect`` and ``rollback``: look at an index's generations, and go back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from indexer.layout import IndexLayout
from indexer.manifest import Manifest
from indexer.publish import WAIT_SECONDS
from indexer.publish import rollback as run_rollback
from indexer.snapshot import open_snapshot, verify
from searchsvc.cli.audited import audited
from searchsvc.cli.output import (
    AsJson,
    DataDir,
    IndexName,
    find_generations,
    find_index,
    print_json,
    read_settings,
    reported_failures,
    say,
)


def inspect(
    index: IndexName = "products",
    data_dir: DataDir = None,
    check: Annotated[
        bool, typer.Option("--verify", help="Read every file and compare its checksum.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what an index holds; with --verify, exit with 1 when a file is damaged.

    Example: searchsvc inspect --index shop-de --verify
    """
    with reported_failures(as_json=as_json):
        layout = find_index(read_settings(data_dir).data_dir, index)
        current = layout.require_current()
        problems = verify(layout, current) if check else []
        found = _describe(layout, current, broken=bool(problems))
    found["problems"] = problems
    if check:
        found["verified"] = not problems
    if as_json:
        print_json(found)
    else:
        _show(found)
    if problems:
        raise typer.Exit(1)


def rollback(
    index: IndexName = "products",
    data_dir: DataDir = None,
    to: Annotated[
        str | None, typer.Option(help="The generation; by default the one before the current.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an older generation current again; a running service swaps it in by itself.

    Where CURRENT was lost, the newest generation is made current.

    Example: searchsvc rollback --index shop-de
    """
    with reported_failures(as_json=as_json):
        settings = read_settings(data_dir)
        layout = find_generations(settings.data_dir, index)
        if layout.current_file.exists() and (to is None or not layout.generations()):
            layout.require_current()  # a damaged pointer is what --to repairs
        generation = run_rollback(layout, to, WAIT_SECONDS)
        audited(settings, "rollback", index, {"generation": generation})
    if as_json:
        print_json({"index": index, "generation": generation})
    else:
        say(f"{index}: {generation} is current")


def _describe(layout: IndexLayout, current: str, *, broken: bool) -> dict[str, Any]:
    manifest = Manifest.read(layout.generation_dir(current))
    columns = {}
    if not broken:  # a damaged file has been named already; do not trip over it
        opened = open_snapshot(layout, current).columns
        columns = opened.kinds()
    return {
        "index": layout.name,
        "current": current,
        "generations": layout.generations(),
        "manifest": manifest.model_dump(mode="json"),
        "bytes": manifest.total_bytes,
        "columns": columns,
    }


def _show(found: dict[str, Any]) -> None:
    manifest = found["manifest"]
    say(f"{found['index']}: {found['current']}, {manifest['products']:,} products")
    say(f"  generations: {', '.join(found['generations'])}")
    embedder, vectors = manifest["embedder"], manifest["vectors"]
    say(f"  model: {embedder['name']} ({embedder['dimension']} dimensions)")
    recall = ", ".join(f"{k} {v:.3f}" for k, v in vectors["recall_at_100"].items())
    say(f"  vectors: {vectors['kind']}" + (f", recall@100 {recall}" if recall else ""))
    say(f"  files: {found['bytes'] / 1e6:,.1f} MB")
    for name, entry in manifest["files"].items():
        say(f"    {entry['bytes']:>12,}  {name}")
    say(f"  columns: {len(found['columns'])}")
    for problem in found["problems"]:
        say(f"  DAMAGED {problem}")
    if "verified" in found:
        say(
            "  all files are as written"
            if found["verified"]
            else "  go back with 'searchsvc rollback', or run 'searchsvc reindex'"
        )
