"""Results as the report reads them: the JSON of ``python -m benchmarks relevance``, checked.

Parts that older versions did not write are optional; a number that is not finite counts as absent.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from indexer.currencies import DECIMALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SHIPPED_MARK = "(shipped)"
DEFAULT_BASELINE = "plain RRF"
MAIN_MEASURE = "nDCG@10"


def _finite(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can say, still unchecked
    return None if isinstance(value, float) and not isfinite(value) else value


def _price(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can say, still unchecked
    """A stored price, ``{"minor_units": 4995, "currency": "USD"}``, as ``49.95 USD``."""
    match value:
        case {"minor_units": int(minor_units), "currency": str(currency)}:
            decimals = DECIMALS.get(currency, 2)
            return f"{minor_units / 10**decimals:,.{decimals}f} {currency}"
        case None:
            return ""
        case _:
            return value


def _text(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can say, still unchecked
    return "" if value is None else value


Number = Annotated[float | None, BeforeValidator(_finite)]
Count = Annotated[int | None, Field(ge=0)]
Text = Annotated[str, BeforeValidator(_text)]


class _Part(BaseModel):
    """A part of the file; members that the report does not show are ignored."""

    model_config = ConfigDict(frozen=True)


class _Measured(_Part):
    """A part whose further members ``NAME@K`` are measures."""

    model_config = ConfigDict(frozen=True, extra="allow")

    @property
    def measures(self) -> dict[str, float]:
        """The finite values by measure, in file order."""
        return {
            name: float(value)
            for name, value in (self.model_extra or {}).items()
            if "@" in name and isinstance(value, (int, float)) and isfinite(value)
        }


class Product(_Part):
    """What a result list shows of a product."""

    title: Text = ""
    image_link: Text = ""
    brand: Text = ""
    price: Annotated[str, BeforeValidator(_price)] = ""


class Statistics(_Part):
    """One measure's uncertainty, and its paired difference to the baseline."""

    low: Number = None
    high: Number = None
    difference: Number = None
    difference_low: Number = None
    difference_high: Number = None
    p: Number = None


class Answer(_Measured):
    """What one system made of one query; `top` is the ids of its first products, best first."""

    text: Text = ""
    query_class: Annotated[Text, Field(validation_alias=AliasChoices("class", "query_class"))] = ""
    top: tuple[str, ...] = ()


class QueryClass(_Measured):
    """Mean measures over the queries of one class."""


class System(_Measured):
    """A system: mean measures, and its answers by query id."""

    statistics: dict[str, Statistics] = Field(default_factory=dict)
    zero_result_rate: Number = None
    median_ms: Number = None
    p95_ms: Number = None
    classes: dict[str, QueryClass] = Field(default_factory=dict)
    queries: dict[str, Answer] = Field(default_factory=dict)


class Collection(_Part):
    """What was searched.

    Attributes:
        excluded_queries: those without a relevant product, which are in no mean.
        missing_products: those that are judged, but not in the catalogue.
    """

    name: str
    digest: Text = ""
    products: Count = None
    queries: Count = None
    judgments: Count = None
    gain: Text = ""
    format: Text = ""
    excluded_queries: Count = None
    missing_products: Count = None


class Result(_Part):
    """One collection's result; without `qrels` nothing is known about single products."""

    collection: Collection
    systems: Annotated[dict[str, System], Field(min_length=1)]
    baseline_name: Annotated[Text, Field(validation_alias="baseline")] = ""
    shipped_name: Annotated[Text, Field(validation_alias="shipped")] = ""
    gains: dict[int, float] | None = None
    qrels: dict[str, dict[str, int]] | None = None
    products: dict[str, Product] = Field(default_factory=dict)
    machine: dict[str, Any] = Field(default_factory=dict)
    policy: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_measured(self) -> Self:
        if not self.measures:
            raise ValueError(f"no system has a measure such as {MAIN_MEASURE}")
        return self

    @property
    def shipped(self) -> str:
        """The name of the shipped system: as the file says, else the marked one, else the last."""
        if self.shipped_name in self.systems:
            return self.shipped_name
        marked = [name for name in self.systems if name.endswith(SHIPPED_MARK)]
        return marked[0] if marked else list(self.systems)[-1]

    @property
    def baseline(self) -> str:
        """The name of the system that others are measured against.

        The one that the file names, else `DEFAULT_BASELINE`, else the first that is not shipped.
        """
        others = [name for name in self.systems if name != self.shipped]
        for name in (self.baseline_name, DEFAULT_BASELINE):
            if name in self.systems:
                return name
        return others[0] if others else self.shipped

    @property
    def measures(self) -> tuple[str, ...]:
        """All measures, the main one first."""
        names = dict.fromkeys(name for system in self.systems.values() for name in system.measures)
        return tuple(sorted(names, key=lambda name: name != MAIN_MEASURE))

    @property
    def query_ids(self) -> tuple[str, ...]:
        """All queries that any system was asked."""
        return tuple(dict.fromkeys(q for system in self.systems.values() for q in system.queries))

    def answers(self, query_id: str) -> Iterator[Answer]:
        """The answers of all systems that were asked this query."""
        for system in self.systems.values():
            if query_id in system.queries:
                yield system.queries[query_id]


def parse_results(results: Sequence[Mapping[str, Any]]) -> tuple[Result, ...]:
    """The checked results.

    Raises:
        ValueError: there is none, or one has another form.
    """
    if not results:
        raise ValueError("no results: expected at least one collection's")
    parsed = []
    for number, result in enumerate(results, start=1):
        try:
            parsed.append(Result.model_validate(result))
        except ValidationError as error:
            detail = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in detail["loc"])
            raise ValueError(
                f"result {number}: {place or 'as a whole'}: {detail['msg']} "
                f"(got {repr(detail['input'])[:80]}); "
                "expected what `python -m benchmarks relevance --json FILE` writes"
            ) from error
    return tuple(parsed)
