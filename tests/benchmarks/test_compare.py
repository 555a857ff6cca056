from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.compare import Limits, compare_results, comparison_table, read_result
from benchmarks.errors import MismatchError, ResultFileError
from benchmarks.figures import Figure, Kind, figures

MACHINE = {"processor": "A", "cores": 2, "system": "Linux", "measured_at": "yesterday"}
RESULT: dict[str, Any] = {
    "command": "latency",
    "machine": MACHINE,
    "catalogues": [
        {
            "products": 1_000,
            "feed_sha256": "f1",
            "content_sha256": "c1",
            "bytes_per_product": 900.0,
            "engine": {"median": 2.0, "p99": 9.0, "budget": {"median": 1.0}},
            "recall_at_100": [{"share": 1.0, "recall": 0.99}],
        },
    ],
    "curve": [{"offered": 100, "answered": 99, "shed": 1, "p95": 7.0}],
    "build": {"seconds": {"reading": 10.0}},
    "aims": [{"aim": "median", "wanted": 1.0, "measured": 2.0}],
}
ENGINE = "catalogues/products=1000/engine/median"


def changed(path: str, value: object) -> dict[str, Any]:
    """The result with another value at a path; numbers are places in lists."""
    result = copy.deepcopy(RESULT)
    place: Any = result
    *names, last = path.split("/")
    for name in names:
        place = place[int(name) if isinstance(place, list) else name]
    place[last] = value
    return result


def test_figures_are_what_was_measured_and_nothing_that_was_asked_for() -> None:
    assert figures(RESULT) == {
        figure.path: figure
        for figure in (
            Figure("catalogues/products=1000/bytes_per_product", Kind.SIZE, 900.0),
            Figure(ENGINE, Kind.TIME, 2.0),
            Figure("catalogues/products=1000/engine/p99", Kind.TIME, 9.0),
            Figure("catalogues/products=1000/recall_at_100/share=1.0/recall", Kind.QUALITY, 0.99),
            Figure("curve/offered=100/answered", Kind.RATE, 99.0),
            Figure("curve/offered=100/p95", Kind.TIME, 7.0),
            Figure("build/seconds/reading", Kind.TIME, 10.0),
        )
    }


def test_a_result_has_no_regression_beside_itself() -> None:
    changes = compare_results(RESULT, RESULT, Limits())
    assert len(changes) == len(figures(RESULT))
    assert not any(change.regressed for change in changes)
    assert {change.ratio for change in changes} == {1.0}
    assert comparison_table(changes) == "7 figures compared, 0 regressions"


@pytest.mark.parametrize(
    ("path", "better", "bearable", "worse"),
    [
        ("catalogues/0/engine/median", 0.1, 2.4, 2.6),
        ("catalogues/0/bytes_per_product", 1.0, 1_100.0, 1_200.0),
        ("curve/0/answered", 200, 80, 79),
        ("build/seconds", {"reading": 1.0}, {"reading": 12.0}, {"reading": 13.0}),
    ],
)
def test_what_is_worse_by_more_than_the_threshold_is_a_regression(
    path: str, better: object, bearable: object, worse: object
) -> None:
    for value, expected in ((better, 0), (bearable, 0), (worse, 1)):
        changes = compare_results(RESULT, changed(path, value), Limits())
        assert sum(change.regressed for change in changes) == expected
    printed = comparison_table(compare_results(RESULT, changed(path, worse), Limits()))
    assert printed.count("  regression") == 1
    assert "regression" not in comparison_table(
        compare_results(RESULT, changed(path, better), Limits())
    ).replace("0 regressions", "")


@pytest.mark.parametrize(("recall", "regressed"), [(0.986, False), (0.984, True), (1.0, False)])
def test_quality_is_compared_by_differences(recall: float, *, regressed: bool) -> None:
    after = changed("catalogues/0/recall_at_100/0/recall", recall)
    assert any(c.regressed for c in compare_results(RESULT, after, Limits())) == regressed


def test_a_few_microseconds_are_no_regression() -> None:
    before = changed("catalogues/0/engine/median", 0.004)
    after = changed("catalogues/0/engine/median", 0.012)
    assert not any(change.regressed for change in compare_results(before, after, Limits()))


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("command", "build", "command is 'latency' and 'build'"),
        ("machine/processor", "B", "machine/processor is 'A' and 'B'"),
        ("catalogues/0/feed_sha256", "f2", "catalogues/0/feed_sha256 is 'f1' and 'f2'"),
    ],
)
def test_other_data_and_machines_are_compared_only_by_force(
    path: str, value: str, named: str
) -> None:
    after = changed(path, value)
    with pytest.raises(MismatchError, match=f"{named}.*--force"):
        compare_results(RESULT, after, Limits())
    assert compare_results(RESULT, after, Limits(), force=True)


def test_how_a_feed_is_stored_may_change_and_so_may_the_day() -> None:
    stored = changed("catalogues/0/content_sha256", "c2")
    later = changed("machine/measured_at", "today")
    assert compare_results(RESULT, stored, Limits())
    assert compare_results(RESULT, later, Limits())


def test_results_without_a_common_figure_are_refused() -> None:
    with pytest.raises(MismatchError, match="no figure in common"):
        compare_results(RESULT, {"median": 1.0}, Limits(), force=True)


def test_a_figure_that_was_zero_has_no_ratio() -> None:
    before, after = {"median": 0.0}, {"median": 1.0}
    (change,) = compare_results(before, after, Limits())
    assert change.ratio is None
    assert change.regressed
    assert "regression" in comparison_table([change])


@given(
    st.dictionaries(st.sampled_from(["median", "p95", "rss", "recall", "x_per_second"]),
                    st.floats(0.1, 1e6)),
    st.floats(1.0, 3.0),
)  # fmt: skip
def test_no_figure_regresses_in_both_directions(values: dict[str, float], factor: float) -> None:
    other = {name: value * factor for name, value in values.items()}
    there = {} if not values else {
        c.before.path: c.regressed for c in compare_results(values, other, Limits())
    }  # fmt: skip
    back = {} if not values else {
        c.before.path: c.regressed for c in compare_results(other, values, Limits())
    }  # fmt: skip
    assert not any(there[name] and back[name] for name in values)


def test_the_count_comes_first_and_then_the_worst() -> None:
    before = {"a": {"median": 4.0}, "b": {"median": 4.0}, "c": {"median": 4.0}}
    after = {"a": {"median": 1.0}, "b": {"median": 6.0}, "c": {"median": 9.0}}
    first, _, *rows = comparison_table(compare_results(before, after, Limits())).splitlines()
    assert first == "3 figures compared, 2 regressions"
    assert [row[0] for row in rows] == ["c", "b", "a"]


def test_the_command_fails_where_something_got_worse(tmp_path: Path) -> None:
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    before.write_text(json.dumps(RESULT))
    after.write_text(json.dumps(changed("catalogues/0/engine/median", 3.0)))
    runner = CliRunner()
    done = runner.invoke(command.app, ["compare", str(before), str(after)])
    assert done.exit_code == 1
    assert f"{ENGINE}             2             3    1.50  regression" in done.stdout
    lenient = ["compare", str(before), str(after), "--threshold", "2", "--all"]
    done = runner.invoke(command.app, lenient)
    assert done.exit_code == 0
    assert done.stdout.count("\n") == len(figures(RESULT)) + 2
    back = runner.invoke(command.app, ["compare", str(after), str(before)])
    assert back.exit_code == 0
    assert "0.67\n" in back.stdout


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("{", "is not JSON"), ("5", "holds a int"), (None, "cannot be read")],
)
def test_a_file_that_holds_no_result_is_named(
    tmp_path: Path, content: str | None, complaint: str
) -> None:
    path = tmp_path / "result.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ResultFileError, match=f"result.json {complaint}"):
        read_result(path)
    done = CliRunner().invoke(command.app, ["compare", str(path), str(path)])
    assert done.exit_code == 1
    assert complaint in done.stderr
