"""The command and its subcommands."""

from __future__ import annotations

import typer

from searchsvc.cli import (
    config,
    events,
    experiment,
    keys,
    model,
    ranker,
    ranking,
    segments,
    suggestions,
    synonyms,
    users,
)
from searchsvc.cli.audit import audit
from searchsvc.cli.backup import backup, restore
from searchsvc.cli.doctor import doctor
from searchsvc.cli.inspect import inspect, rollback
from searchsvc.cli.judge import judge
from searchsvc.cli.reindex import reindex
from searchsvc.cli.search import search
from searchsvc.cli.serve import demo, serve
from searchsvc.cli.tune import tune

app = typer.Typer(
    name="searchsvc",
    help="Self-hosted AI product search: build an index from a product feed, and serve it.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.callback()(config.configure)
for command in (
    reindex,
    serve,
    search,
    inspect,
    rollback,
    demo,
    judge,
    tune,
    backup,
    restore,
    doctor,
    audit,
):
    app.command()(command)
app.add_typer(model.app, name="model")
app.add_typer(synonyms.app, name="synonyms")
app.add_typer(ranking.app, name="ranking")
app.add_typer(suggestions.app, name="suggestions")
app.add_typer(ranker.app, name="ranker")
app.add_typer(segments.app, name="segments")
app.add_typer(experiment.app, name="experiment")
app.add_typer(events.app, name="events")
app.add_typer(users.app, name="users")
app.add_typer(keys.app, name="keys")
app.add_typer(config.app, name="config")


def main() -> None:
    """Run the command line."""
    app()
