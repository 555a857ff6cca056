"""The page of the speed report: a section for each result file, in one document."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.compare import read_result
from benchmarks.errors import ResultFileError
from benchmarks.report.markup import Element, element, raw_text, serialize
from benchmarks.speed_report.sections import aims_of, section_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.speed_report.sections import Chart, Section

_STYLES = (
    Path(__file__).parents[1] / "report" / "web" / "style.css",
    Path(__file__).parent / "web" / "speed.css",
)
_MALFORMED = (KeyError, TypeError, ValueError, IndexError, AttributeError)
_TITLE = "Speed report"
_PLACES = ("processor", "cores", "system", "python", "measured_at")


def write_speed_report(files: Iterable[Path], path: Path) -> None:
    """Write what `files` hold as one HTML page at `path`.

    Each file is the JSON of one command, which its ``command`` names, or else the file's name.

    Raises:
        ResultFileError: a file cannot be read, or is not of the form of its command.
        OSError: the page cannot be written.
    """
    sections = []
    machines: dict[str, Mapping[str, Any]] = {}
    for file in files:
        result = read_result(file)
        command = result.get("command", file.stem) if isinstance(result, dict) else file.stem
        try:
            sections.append(section_of(command, result))
        except _MALFORMED as error:
            raise ResultFileError(
                f"{file} is no result of {command!r} ({type(error).__name__}: {error}); "
                f"write it anew with 'python -m benchmarks {command} --json {file}'"
            ) from error
        if isinstance(result, dict) and "machine" in result:
            machines[command] = result["machine"]
    path.write_bytes(serialize(_document(sections, machines)))


def _document(sections: Sequence[Section], machines: Mapping[str, Mapping[str, Any]]) -> Element:
    style = "\n".join(file.read_text("utf-8") for file in _STYLES)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        {},
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("title", {}, _TITLE),
    )
    raw_text(head, "style", style, {})
    links = [
        element("li", {}, element("a", {"href": f"#{_anchor(number)}"}, section.name))
        for number, section in enumerate(sections)
    ]
    header = element(
        "header",
        {"class": "top"},
        element("h1", {}, _TITLE),
        element("nav", {"aria-label": "Results"}, element("ul", {}, *links)),
    )
    shown = [_section(section, number) for number, section in enumerate(sections)]
    main = element("main", {}, *shown, _circumstances(machines))
    return element("html", {"lang": "en"}, head, element("body", {}, header, main))


def _section(section: Section, number: int) -> Element:
    title = section.name.capitalize()
    aims = aims_of(section)
    return element(
        "section",
        {"id": _anchor(number), "class": "collection"},
        element("h2", {}, title),
        *([element("h3", {}, "Aims"), aims] if aims is not None else []),
        *(part for chart in section.charts for part in _chart(chart)),
        *(
            part
            for name, table in section.rest
            for part in (element("h3", {}, name), table.markup())
        ),
    )


def _chart(chart: Chart) -> list[Element]:
    return [
        element("h3", {}, chart.caption),
        element("figure", {"class": "plot"}, chart.picture, chart.key),
        element("p", {"class": "note"}, chart.note),
        element(
            "details",
            {"class": "circumstances numbers"},
            element("summary", {}, "Numbers"),
            chart.table.markup(),
        ),
    ]


def _circumstances(machines: Mapping[str, Mapping[str, Any]]) -> Element:
    rows = [
        element(
            "div",
            {},
            element("dt", {}, command),
            element("dd", {}, ", ".join(str(machine[it]) for it in _PLACES if it in machine)),
        )
        for command, machine in machines.items()
    ]
    return element(
        "section",
        {"class": "collection"},
        element("h2", {}, "Machine"),
        element("dl", {"class": "settings"}, *rows),
    )


def _anchor(number: int) -> str:
    return f"result-{number + 1}"
