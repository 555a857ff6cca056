"""The suite: which benchmarks of speed there are, and the short form of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_SAMPLE = Path("searchsvc") / "sample"
_SMALL = 1_000
_LARGE = 5_000  # from there on vectors have an index


@dataclass(frozen=True, slots=True)
class Step:
    """One benchmark.

    Attributes:
        name: of the command.
        arguments: of ``python -m benchmarks``, the command first.
        json_file: where the result goes.
    """

    name: str
    arguments: tuple[str, ...]
    json_file: Path


def steps(products: int, out: Path, *, quick: bool) -> list[Step]:
    """Every benchmark of speed, on a catalogue of so many products.

    Args:
        products: at least a thousand.
        out: where results and indexes go.
        quick: whether as little is measured as shows that it runs.
    """
    size, large = str(products), str(max(_LARGE, products))
    small = max(_SMALL, products // 10)
    both = size if small == products else f"{small},{products}"
    forms: dict[str, tuple[str, ...]] = {
        "latency": ("--products", both, "--queries", "200"),
        "throughput": ("--products", size, "--seconds", "2"),
        "lexical": ("--products", size, "--queries", "100"),
        "filters": ("--products", large, "--queries", "100"),
        "recall": ("--products", large, "--queries", "100"),
        "memory": ("--products", size),
        "build": ("--products", both),
        "delta": ("--products", large),
        "readers": ("--products", size, "--rounds", "1"),
        "distilled": (str(_SAMPLE),),
    }
    if quick:
        few = ("--queries", "10")
        forms |= dict.fromkeys(("latency", "lexical"), ("--products", size, *few))
        forms |= dict.fromkeys(("filters", "recall"), ("--products", large, *few))
        forms["throughput"] = ("--products", size, "--seconds", "1", "--rate", "10")
        forms["memory"] = ("--products", size, *few, "--workers", "1")
        # They listen to a quiet service for a while first, and need a model that knows meaning.
        del forms["readers"], forms["distilled"]
    made = []
    for name, options in forms.items():
        file = out / f"{name}.json"
        common = ("--json", str(file), "--data-dir", str(out / "data"))
        made.append(Step(name, (name, *options, *common), file))
    return made
