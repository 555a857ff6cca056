"""The vocabulary: all kinds of products, read from the TOML files beside this module."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from benchmarks.catalogue.kind import (
    Audience,
    Colour,
    Department,
    Kind,
    Material,
    Size,
    Spec,
    Trait,
)
from benchmarks.catalogue.schema import CommonFile, DepartmentFile, KindEntry, TraitEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.catalogue.schema import _Entry

FileForm = TypeVar("FileForm", bound="_Entry")
Value = TypeVar("Value")

_HERE = Path(__file__).parent
_AGREEMENT = re.compile(r"\[([^\[\]|]*)(?:\|([^\[\]]*))?\]")


class VocabularyError(ValueError):
    """A vocabulary file is malformed or names something that no file defines."""


@cache
def load_vocabulary() -> tuple[Kind, ...]:
    """All kinds, departments in the order of their file names.

    Raises:
        VocabularyError: a file is malformed, or a kind names an unknown trait, material …
    """
    common = _read(_HERE / "common.toml", CommonFile)
    return tuple(
        kind
        for path in sorted((_HERE / "departments").glob("*.toml"))
        for kind in department_kinds(_read(path, DepartmentFile), common)
    )


def _read(path: Path, form: type[FileForm]) -> FileForm:
    try:
        return form.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise VocabularyError(f"{path.name}: {error}") from error


def department_kinds(file: DepartmentFile, common: CommonFile) -> list[Kind]:
    """The kinds of one department, every name resolved.

    Raises:
        VocabularyError: a name is defined neither by the department nor by `common`.
    """
    department = Department(
        name=file.name,
        brands=file.brands,
        lines=file.lines,
        editions=file.editions,
        closings=file.closings,
        model_in_title=file.model_in_title,
    )
    traits = common.traits | file.traits
    return [_resolve(entry, department, file, common, traits) for entry in file.kinds]


def _resolve(
    entry: KindEntry,
    department: Department,
    file: DepartmentFile,
    common: CommonFile,
    traits: dict[str, TraitEntry],
) -> Kind:
    where = f"kind {entry.slug!r} of department {file.name!r}"
    palette = _lookup(common.palettes, entry.palette or file.palette, where)
    return Kind(
        slug=entry.slug,
        name=entry.name,
        plural=entry.plural,
        product_type=f"{file.name} > {entry.category} > {_several(entry)}",
        nouns=entry.nouns,
        pitches=entry.pitches,
        price=entry.price,
        colours=tuple(_colour(name, common, where) for name in palette),
        colourless=entry.colourless,
        contains=entry.contains,
        sizes={key: _sizes(entry, key, common, where) for key in entry.audiences or ("",)},
        audiences=tuple(_audience(key, common, where) for key in entry.audiences),
        materials=tuple(
            Material(name, _lookup(file.materials, name, where)) for name in entry.materials
        ),
        axes=tuple(
            tuple(_trait(_lookup(traits, slug, where), plural=entry.plural) for slug in axis)
            for axis in entry.axes
        ),
        specs=tuple(
            Spec(spec.attribute, spec.values, spec.title, agree(spec.says, plural=entry.plural))
            for spec in entry.specs
        ),
        department=department,
    )


def _lookup(table: Mapping[str, Value], name: str, where: str) -> Value:
    if name not in table:
        raise VocabularyError(f"{where} names {name!r}; known are {', '.join(sorted(table))}")
    return table[name]


def _colour(name: str, common: CommonFile, where: str) -> Colour:
    entry = _lookup(common.colours, name, where)
    return Colour(name, entry.hex, entry.family, entry.shade)


def _audience(key: str, common: CommonFile, where: str) -> Audience:
    entry = _lookup(common.audiences, key, where)
    return Audience(key, entry.gender, entry.title, entry.says)


def _sizes(entry: KindEntry, audience: str, common: CommonFile, where: str) -> tuple[Size, ...]:
    if not entry.scale:
        return ()
    kids = audience == "kids"
    scale = common.kids_scales.get(entry.scale, entry.scale) if kids else entry.scale
    step = 18 if scale in common.priced_scales else 0
    labels = _lookup(common.scales, scale, where)
    return tuple(Size(label, suits, step * n) for n, (label, suits) in enumerate(labels))


def _trait(entry: TraitEntry, *, plural: bool) -> Trait:
    says = tuple(agree(text, plural=plural) for text in entry.says)
    asks = tuple(agree(text, plural=plural) for text in entry.asks)
    return Trait(entry.attribute, entry.value, entry.title, says, asks)


def _several(entry: KindEntry) -> str:
    """The kind's name as a category: ``Jackets``, but ``Hiking Boots`` stays."""
    if entry.plural:
        return entry.name
    if entry.name.endswith(("ch", "sh", "ss", "x")):
        return f"{entry.name}es"
    if entry.name.endswith("f"):
        return f"{entry.name[:-1]}ves"
    if entry.name.endswith("fe"):
        return f"{entry.name[:-2]}ves"
    return f"{entry.name}s"


def agree(text: str, *, plural: bool) -> str:
    """A phrase's verbs in one number: ``keep[s]`` and ``[is|are]`` name both forms."""
    return _AGREEMENT.sub(lambda match: (match[2] or "") if plural else match[1], text)
