"""``searchsvc ranking``: the ranking settings of an index, changed without a reindex."""

from __future__ import annotations

import typer

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
from searchsvc.live import describe_ranking, ranking_file
from searchsvc.livefile import parse
from searchsvc.policy import RankingOverrides

app = typer.Typer(
    help="Ranking settings of an index, changed without a reindex.", no_args_is_help=True
)


@app.command()
def show(index: IndexName = "products", data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show each ranking setting with its value, and where that comes from.

    The environment is that of this command, not that of a running service.

    Example: searchsvc ranking show --index shop-de
    """
    with reported_failures(as_json=as_json):
        settings = read_settings(data_dir)
        overrides, version = ranking_file(find_index(settings.data_dir, index)).read()
        described = describe_ranking(settings, overrides)
    if as_json:
        given = overrides.model_dump(mode="json", exclude_unset=True)
        print_json({"index": index, "version": version, "overrides": given, "settings": described})
        return
    say(f"{index}: version {version}")
    width = max(map(len, described))
    for name, entry in described.items():
        say(f"  {name:<{width}}  {entry['value']!s:>8}  {entry['source']}")


@app.command("set")
def replace(
    file: JsonFile,
    index: IndexName = "products",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Replace what an index overrides in the ranking by FILE; the rest is the service's.

    Example: searchsvc ranking set ranking.json --index shop-de
    """
    with reported_failures(as_json=as_json):
        layout = find_index(read_settings(data_dir).data_dir, index)
        version = ranking_file(layout).replace(parse(RankingOverrides, read_json(file)))
    report_change(index, version, "ranking settings replaced", as_json=as_json)


@app.command()
def clear(
    index: IndexName = "products", data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Rank an index by the service's settings again.

    Example: searchsvc ranking clear --index shop-de
    """
    with reported_failures(as_json=as_json):
        layout = find_index(read_settings(data_dir).data_dir, index)
        version = ranking_file(layout).remove()
    report_change(index, version, "ranking settings removed", as_json=as_json)
