"""A model: what a manufacturer designs and names, before colours and sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.catalogue.identifier import model_number

if TYPE_CHECKING:
    from benchmarks.catalogue.draw import Draw
    from benchmarks.catalogue.kind import Audience, Kind, Material, Spec, Trait


@dataclass(frozen=True, slots=True)
class Model:
    """The facts that its titles, texts, prices and judgments follow from.

    Attributes:
        line: the manufacturer's product line, without the edition.
        edition: such as ``Pro`` or ``II``, often ``""``.
        traits: one of each axis of the kind.
        measured: each spec of the kind with its value.
        luxury: how dear for its kind, 0 … 1000.
    """

    kind: Kind
    brand: str
    line: str
    edition: str
    traits: tuple[Trait, ...]
    audience: Audience | None
    material: Material
    measured: tuple[tuple[Spec, int | float], ...]
    luxury: int
    number: str

    @property
    def name(self) -> str:
        """Line and edition."""
        return f"{self.line} {self.edition}" if self.edition else self.line


def draw_model(kind: Kind, draw: Draw, *, item: int, seed: int) -> Model:
    """A model of `kind`; `item` is the number of its first variant."""
    department = kind.department
    brand = draw.pick(department.brands)
    grades = [draw.below(len(spec.values)) for spec in kind.specs]
    return Model(
        kind=kind,
        brand=brand,
        line=draw.pick(department.lines),
        edition=draw.pick(department.editions),
        traits=tuple([draw.pick(axis) for axis in kind.axes]),
        audience=draw.pick(kind.audiences) if kind.audiences else None,
        material=draw.pick(kind.materials),
        measured=tuple(
            [(spec, spec.values[grade]) for spec, grade in zip(kind.specs, grades, strict=True)]
        ),
        luxury=_luxury(kind, grades, draw),
        number=model_number(brand, item, seed),
    )


def _luxury(kind: Kind, grades: list[int], draw: Draw) -> int:
    """Mostly chance; where the kind has specs, mostly the specs: 32 GB cost more than 8."""
    chance = draw.below(1001)
    steps = sum(len(spec.values) - 1 for spec in kind.specs)
    if not steps:
        return chance
    return (700 * sum(grades) // steps * 10 + 3 * chance) // 10
