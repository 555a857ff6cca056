"""Memory: what serving an index takes per product, by file, by process and beyond its text."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.aims import aim, aims_lines
from benchmarks.budget import BYTES_PER_PRODUCT
from benchmarks.machine import describe_machine
from benchmarks.processes import Memory, family
from benchmarks.server import serving
from benchmarks.stand import mount
from benchmarks.workload import page_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.subject import Subject

TEXT_FILE = "products.bin"
"""The stored text, which is given."""
_SUMS = ("rss", "pss", "private", "shared")
_CONNECTIONS = 8  # enough that every worker gets some


def measure_memory(
    subject: Subject, floor: Subject, workers: Sequence[int] = (1, 2)
) -> dict[str, Any]:
    """Serve an index, ask the subject's queries, and look at what its processes hold.

    A service needs memory also without products: what one with the small index `floor` allocates
    is no product's. Files are counted once, as processes that map them share them.

    Returns:
        The result file: machine, bytes of each file, and for each number of workers what they
        hold, in all and beyond the stored text.

    Raises:
        ServerError: the service does not start, or answers with a failure.
        BenchmarkError: this is no Linux.
    """
    products = subject.facts["products"]
    rows = []
    for count in workers:
        without = _serve(floor, count)
        found = _serve(subject, count)
        allocated = sum(it.anonymous for it in found) - sum(it.anonymous for it in without)
        files = _files(found, subject)
        beyond = sum(files.values()) - files.get(TEXT_FILE, 0) + max(allocated, 0)
        rows.append(
            {
                "workers": count,
                "processes": [it.to_dict() for it in found],
                "without_products": [it.to_dict() for it in without],
                "resident_files": files,
                "allocated": allocated,
                "bytes_per_product_beyond_text": round(beyond / products, 1),
            }
        )
    sizes: Mapping[str, int] = subject.facts["bytes"]
    return {
        "command": "memory",
        "machine": describe_machine(),
        **{name: value for name, value in subject.facts.items() if name != "build"},
        "queries": len(subject.texts),
        "text_bytes_per_product": round(sizes[TEXT_FILE] / products, 1),
        "bytes_per_product_by_file": {
            name: round(size / products, 1) for name, size in sizes.items()
        },
        "services": rows,
        "aims": [
            aim(
                f"bytes per product beyond its text, {row['workers']} workers",
                BYTES_PER_PRODUCT,
                row["bytes_per_product_beyond_text"],
            )
            for row in rows
        ],
    }


def _serve(subject: Subject, workers: int) -> list[Memory]:
    """The memory of each process after it has answered."""
    path = f"/v1/indexes/{subject.layout.name}/search"
    with tempfile.TemporaryDirectory(prefix="searchsvc-bench-") as folder, ExitStack() as stack:
        stand = Path(folder)
        mount([subject.layout], stand)
        server = stack.enter_context(serving(stand, workers=workers))
        clients = [stack.enter_context(server.client()) for _ in range(_CONNECTIONS)]
        for number, text in enumerate(subject.texts):
            clients[number % _CONNECTIONS].post(path, page_request(text))
        return [Memory.of(pid) for pid in family(server.pid)]


def _files(found: Sequence[Memory], subject: Subject) -> dict[str, int]:
    """Resident bytes of the generation's files, where most of each is."""
    directory = subject.layout.generation_dir(subject.snapshot.generation).resolve()
    files: dict[str, int] = {}
    for memory in found:
        for path, resident in memory.files.items():
            if path.parent == directory:
                files[path.name] = max(files.get(path.name, 0), resident)
    return dict(sorted(files.items()))


def memory_table(result: Mapping[str, Any]) -> str:
    """The result for people."""
    products, services = result["products"], result["services"]
    heads = "".join(f"{row['workers']:>4} workers" for row in services)
    asked = f"after {result['queries']:,} queries"
    lines = [
        f"{products:,} products, vectors by {result['documents_by']}, {asked}",
        f"{'bytes per product':<30}{'on disk':>12}{heads}",
    ]
    for name, size in result["bytes_per_product_by_file"].items():
        resident = (row["resident_files"].get(name, 0) / products for row in services)
        lines.append(f"{name:<30}{size:>12,.1f}{_cells(resident)}")
    beyond = _cells(row["bytes_per_product_beyond_text"] for row in services)
    lines += [
        f"{'allocated':<42}{_cells(row['allocated'] / products for row in services)}",
        f"{'beyond the stored text':<42}{beyond}",
        "",
        f"{'megabytes':<30}" + "".join(f"{name:>12}" for name in _SUMS),
    ]
    for row in services:
        for number, process in enumerate(row["processes"], start=1):
            name = f"{row['workers']} workers, process {number}"
            lines.append(f"{name:<30}{_cells(process[key] / 1e6 for key in _SUMS)}")
    return "\n".join([*lines, "", *aims_lines(result["aims"])])


def _cells(values: Iterable[float]) -> str:
    return "".join(f"{value:>12,.1f}" for value in values)
