"""``searchsvc synonyms``: the synonyms of an index, changed without a reindex."""

from __future__ import annotations

import typer

from indexer.snapshot import open_snapshot
from searchsvc.cli.live import JsonFile, read_json, report_change
from searchsvc.cli.output import (
    AsJson,
    DataDir,
    IndexName,
    find_index,
    print_json,
    read_settings,
    reported_failures,
    say,
)
from searchsvc.live import compile_synonyms, synonyms_file
from searchsvc.livefile import parse
from searchsvc.synonyms.document import SynonymsDocument

app = typer.Typer(help="Synonyms of an index, changed without a reindex.", no_args_is_help=True)


@app.command()
def show(index: IndexName = "products", data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show the synonyms of an index; --json prints what `set` takes.

    Example: searchsvc synonyms show --index shop-de --json
    """
    with reported_failures(as_json=as_json):
        layout = find_index(read_settings(data_dir).data_dir, index)
        document, version = synonyms_file(layout).read()
    if as_json:
        print_json(document.model_dump(mode="json"))
        return
    say(f"{index}: version {version}")
    for texts in document.sets:
        say(f"  {' = '.join(texts)}")
    for rule in document.one_way:
        say(f"  {rule.source} -> {', '.join(rule.to)}")
    for text, other in document.never:
        say(f"  {text} is never {other}")


@app.command("set")
def replace(
    file: JsonFile,
    index: IndexName = "products",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Replace all synonyms of an index by those in FILE, unless they contradict themselves.

    Example: searchsvc synonyms set synonyms.json --index shop-de
    """
    with reported_failures(as_json=as_json):
        layout = find_index(read_settings(data_dir).data_dir, index)
        document = parse(SynonymsDocument, read_json(file))
        compile_synonyms(document, open_snapshot(layout))
        version = synonyms_file(layout).replace(document)
    report_change(index, version, "synonyms replaced", as_json=as_json)


@app.command()
def clear(
    index: IndexName = "products", data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Remove all synonyms of an index.

    Example: searchsvc synonyms clear --index shop-de
    """
    with reported_failures(as_json=as_json):
        layout = find_index(read_settings(data_dir).data_dir, index)
        version = synonyms_file(layout).remove()
    report_change(index, version, "synonyms removed", as_json=as_json)
