"""The title and the description of a model, as shops write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.catalogue.draw import Draw
    from benchmarks.catalogue.kind import Colour, Kind, Size
    from benchmarks.catalogue.model import Model

_TITLE_TRAIT_PERCENT = 65
"""Shops forget attributes in titles; what is missing there is in the description."""
_MODEL_NUMBER_PERCENT = 70

_OPENINGS = (
    "{brand} designed the {label} for {pitch}.",
    "The {label} {be} made for {pitch}.",
    "{One} for {pitch}.",
    "{One} for {pitch} and for {other}.",
    "Looking for {one}? Try the {label} by {brand}, made with {pitch} in mind.",
    "Meet the {label}: {one} for {pitch}.",
    "For {pitch}: the {label} from {brand}.",
    "We developed {this} {noun} with {pitch} in mind.",
    "Whether you think of {pitch} or of {other}: {this} {noun} will do.",
    "Made for {pitch}, and just as good for {other}.",
    "From {brand}: {one} for {pitch}.",
    "Our customers use the {label} for {pitch}.",
)
_LEADS = (
    "On top of that",
    "What is more",
    "Best of all",
    "In daily use",
    "As buyers report",
    "Besides",
    "In practice",
    "Thanks to careful details",
    "After a season of testing we can say",
)
_MADE_OF = (
    "Made of {quality} {material}.",
    "The material is {material}: {quality}.",
    "We use {material}, which is {quality}.",
    "{Material}, {quality}, is the main material.",
    "Main material: {material} ({quality}).",
)
_CONTAINS = (
    "With {quality} {material}.",
    "The formula relies on {material}: {quality}.",
    "{Material}, {quality}, is the key ingredient.",
    "Enriched with {quality} {material}.",
)
_IN_COLOUR = (
    "The colour is {colour}, {shade}.",
    "Shown in {colour}: {shade}.",
    "{colour} is {shade}.",
    "This version comes in {colour}, {shade}.",
    "In {colour}, {shade}.",
)
_IN_SIZE = (
    "Size {size} suits {suits}.",
    "{size} is the size for {suits}.",
    "Size {size}: {suits}.",
)
_PRONOUNCED_WITH_Y = ("usb", "uni")
_SPELLED_OUT = ("rc ",)


def stem(model: Model, draw: Draw) -> str:
    """The title up to colour and size, in one of three orders that shops use."""
    kind = model.kind
    traits = [
        trait.title for trait in model.traits if trait.title and draw.chance(_TITLE_TRAIT_PERCENT)
    ]
    specs = [spec.title.format(value) for spec, value in model.measured]
    if kind.department.model_in_title and draw.chance(_MODEL_NUMBER_PERCENT):
        specs.append(model.number)
    audience = [model.audience.title] if model.audience else []
    style = draw.below(3)
    if style == 0:
        return " ".join([model.brand, model.name, *traits, kind.name, *audience, *specs])
    if style == 1:
        whom = [f"for {audience[0]}"] if audience and audience[0] != "Unisex" else []
        return ", ".join([" ".join([model.brand, model.name, kind.name, *whom]), *traits, *specs])
    return " ".join([model.brand, kind.name, model.name, *traits, *specs, *audience])


def title(start: str, colour: str, size: str, style: int) -> str:
    """The whole title; `style` 0 … 2 chooses the punctuation."""
    parts = [part for part in (colour, size) if part]
    if not parts:
        return start
    if style == 0:
        return f"{start} {' '.join(parts)}"
    if style == 1:
        return f"{start}, {', '.join(parts)}"
    return f"{start} - {' / '.join(parts)}"


def description(model: Model, draw: Draw) -> tuple[str, str]:
    """The sentences before and after those on colour and size.

    Every trait and spec of the model is put into words, mostly other words than the title's.
    """
    opening = _opening(model, draw)
    phrases = [draw.pick(trait.says) for trait in model.traits]
    phrases += [spec.says.format(value) for spec, value in model.measured]
    sentences = _claims(model.kind, model.name, draw.some(phrases, len(phrases)), draw)
    sentences.insert(draw.below(len(sentences) + 1), _material(model, draw))
    if model.audience:
        sentences.append(draw.pick(model.audience.says))
    return f"{opening} {' '.join(sentences)}", draw.pick(model.kind.department.closings)


def variant_sentences(colour: Colour | None, size: Size | None, style: int) -> str:
    """What is said of one colour and size; ``""`` for a product that has neither."""
    sentences: list[str] = []
    if colour:
        pattern = _IN_COLOUR[style % len(_IN_COLOUR)]
        sentences.append(pattern.format(colour=colour.name, shade=colour.shade))
    if size:
        pattern = _IN_SIZE[style % len(_IN_SIZE)]
        sentences.append(pattern.format(size=size.label, suits=size.suits))
    return " ".join(sentences)


def one(noun: str, *, plural: bool) -> str:
    """The noun with its indefinite article: ``an armchair``, ``a USB hub``, ``boots``."""
    if plural:
        return noun
    sound = noun.lower()
    if sound.startswith(_PRONOUNCED_WITH_Y):
        return f"a {noun}"
    return f"an {noun}" if sound[0] in "aeiou" or sound.startswith(_SPELLED_OUT) else f"a {noun}"


def _opening(model: Model, draw: Draw) -> str:
    kind = model.kind
    noun = draw.pick(kind.nouns)
    pitch, other = draw.some(kind.pitches, 2)
    indefinite = one(noun, plural=kind.plural)
    return draw.pick(_OPENINGS).format(
        brand=model.brand,
        label=f"{model.name} {noun}" if kind.plural or draw.chance(50) else model.name,
        be="are" if kind.plural else "is",
        this="these" if kind.plural else "this",
        noun=noun,
        one=indefinite,
        One=_capital(indefinite),
        pitch=pitch,
        other=other,
    )


def _claims(kind: Kind, name: str, phrases: list[str], draw: Draw) -> list[str]:
    """The phrases as sentences, one or two in each."""
    sentences: list[str] = []
    place = 0
    while place < len(phrases):
        claim = phrases[place]
        place += 1
        if place < len(phrases) and draw.chance(30):
            claim = f"{claim} and {phrases[place]}"
            place += 1
        if sentences and draw.chance(30):
            they = "they" if kind.plural else "it"
            sentences.append(f"{draw.pick(_LEADS)}, {they} {claim}.")
        else:
            sentences.append(f"{_subject(kind, name, draw)} {claim}.")
    return sentences


def _subject(kind: Kind, name: str, draw: Draw) -> str:
    noun = draw.pick(kind.nouns)
    choice = draw.below(4)
    if choice == 0:
        return f"These {noun}" if kind.plural else f"This {noun}"
    if choice == 1:
        return f"The {name} {noun}"
    if choice == 2 and not kind.plural:  # noqa: PLR2004 - the third of four forms
        return f"The {name}"
    return "They" if kind.plural else "It"


def _material(model: Model, draw: Draw) -> str:
    material = model.material
    return draw.pick(_CONTAINS if model.kind.contains else _MADE_OF).format(
        quality=material.quality, material=material.name, Material=_capital(material.name)
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
