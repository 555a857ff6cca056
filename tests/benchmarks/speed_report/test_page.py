from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.aims import aim
from benchmarks.budget import STAGES, compare
from benchmarks.errors import ResultFileError
from benchmarks.speed_report import write_speed_report

TIMES = {"median": 1.0, "p95": 2.0, "p99": 4.0}
MACHINE = {"processor": "<script>alert(1)</script>", "cores": 2, "measured_at": "today"}


def workloads(*, http: bool) -> list[dict[str, Any]]:
    stages = compare(dict.fromkeys(STAGES, TIMES), "distilled")
    layers = {"engine": TIMES, **({"http": TIMES} if http else {})}
    return [
        {**layers, "stages": stages, "filter": None},
        {**layers, "stages": stages, "filter": {"wanted": 0.02, "share": 0.021}},
    ]


def latency(*sizes: int, http: bool = True) -> dict[str, Any]:
    return {
        "command": "latency",
        "machine": MACHINE,
        "catalogues": [
            {
                "products": size,
                "encoders": {"distilled": workloads(http=http)},
                "build": {"seconds": {"reading the feed": 1.5, "embedding": 20.0}},
            }
            for size in sizes
        ],
        "aims": [aim("median ms", 3.0, 1.0), aim("recall", 0.97, 0.5, least=True)],
    }


MEMORY = {
    "command": "memory",
    "products": 1_000,
    "bytes_per_product_by_file": {"products.bin": 800.0, "lexical.safetensors": 300.0},
    "services": [{"workers": 2, "resident_files": {"products.bin": 400_000}, "allocated": -5}],
}
THROUGHPUT = {
    "curve": [
        {"offered": 800, "answered": 600, "shed": 200, "p50": 9.0, "p95": 20.0, "p99": 40.0},
        {"offered": 100, "answered": 100, "shed": 0, "p50": 1.0, "p95": 2.0, "p99": None},
    ]
}
BUILD = {
    "builds": [
        {"products": n, "seconds": {"reading": 1.0}, "peak_bytes": n * 9_000, "index_bytes": n}
        for n in (1_000, 10_000)
    ]
}
RECALL = {
    "products": 5_000,
    "curve": [
        {"scanned": 500, "recall_at_100": 0.99, "milliseconds": TIMES},
        {"scanned": 50, "recall_at_100": 0.9, "milliseconds": {"median": 0.2}},
    ],
}
FILTERS = {
    "filters": [
        {"share": share, "recall_at_100": 0.99, "semantic": TIMES, "search": TIMES}
        for share in (1.0, 0.5, 0.0001)
    ]
}
READERS = {"milliseconds": {"quiet": TIMES, "during the reindex": TIMES}, "failed": 0}
EVERY = {
    "latency": latency(10_000, 1_000),
    "memory": MEMORY,
    "throughput": THROUGHPUT,
    "build": BUILD,
    "recall": RECALL,
    "filters": FILTERS,
    "readers": READERS,
    "lexical": {"milliseconds": {"ours": TIMES}},
    "distilled": [{"nDCG@10": 0.7}],
}


def written(folder: Path, results: dict[str, Any]) -> str:
    files = []
    for name, result in results.items():
        files.append(folder / f"{name}.json")
        files[-1].write_text(json.dumps(result))
    write_speed_report(files, folder / "speed.html")
    return (folder / "speed.html").read_text("utf-8")


def captions(page: str) -> list[str]:
    return re.findall("<h3>(.*?)</h3>", page)


def test_every_kind_of_result_has_its_charts(tmp_path: Path) -> None:
    page = written(tmp_path, EVERY)
    assert captions(page) == [
        "Aims", "Latency by stage", "Latency by size", "Latency by filter",
        "Build time by stage", "Memory by file, 1,000 products", "Latency under load",
        "Load curve", "Build time by stage", "Memory of a build", "Recall against time",
        "Time inside filters", "Recall inside filters", "Searches during a reindex",
        "Every figure", "Every figure",
    ]  # fmt: skip
    assert page.count('<svg viewBox="0 0 720') == 13
    assert page.count("<summary>Numbers</summary>") == 13
    assert [name for name in EVERY if f">{name}</a>" not in page] == []


def test_a_page_needs_no_script_and_nothing_else(tmp_path: Path) -> None:
    page = written(tmp_path, EVERY)
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#)', page)
    style = re.search("<style>(.*?)</style>", page, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page
    assert "&lt;script&gt;alert(1)" in page


def test_colours_of_all_stages_are_in_both_schemes(tmp_path: Path) -> None:
    page = written(tmp_path, {"latency": latency(1_000)})
    for number in range(len(STAGES)):
        assert page.count(f"--c{number}:") == 2
        assert f'class="fill-{number}"' in page


def test_aims_that_were_missed_are_marked(tmp_path: Path) -> None:
    page = written(tmp_path, {"latency": latency(1_000)})
    assert page.count('class="number reached"') == page.count('class="number missed"') == 1


def test_one_size_has_no_growth_and_no_server_no_framework(tmp_path: Path) -> None:
    result = latency(1_000, http=False)
    del result["catalogues"][0]["build"]
    assert captions(written(tmp_path, {"latency": result})) == [
        "Aims", "Latency by stage", "Latency by filter",
    ]  # fmt: skip


def test_the_numbers_of_a_chart_are_in_its_table(tmp_path: Path) -> None:
    page = written(tmp_path, {"throughput": THROUGHPUT})
    row = re.search('<th scope="row">100</th>(.*?)</tr>', page)
    assert row
    assert re.findall(">([^<]+)</td>", row[1]) == ["1", "2", "\N{EN DASH}"]


def test_large_figures_are_written_out(tmp_path: Path) -> None:
    page = written(tmp_path, {"other": {"rss_bytes": 123_456_789, "p95": 0.123456}})
    assert ">123,456,789<" in page
    assert ">0.1235<" in page


def test_a_file_of_another_form_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResultFileError, match=r"latency.json is no result of 'latency'.*KeyError"):
        written(tmp_path, {"latency": {"command": "latency"}})


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    result, page = tmp_path / "memory.json", tmp_path / "speed.html"
    result.write_text(json.dumps(MEMORY))
    done = CliRunner().invoke(command.app, ["report", str(result), "--html", str(page)])
    assert done.exit_code == 0, done.output
    assert "1 results" in done.stdout
    assert "Memory by file" in page.read_text("utf-8")
    done = CliRunner().invoke(command.app, ["report", str(page), "--html", str(page)])
    assert done.exit_code == 1
    assert "is not JSON" in done.stderr
