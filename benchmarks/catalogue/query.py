"""Queries whose graded judgments follow from the attributes of the products they look for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.catalogue.draw import Draw
from benchmarks.catalogue.judgment import PERFECT, Candidate, Intent, candidate, intent
from benchmarks.catalogue.misspelling import misspell
from benchmarks.catalogue.vocabulary import load_vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchmarks.catalogue.kind import Kind, Trait
    from benchmarks.catalogue.record import Variant

QUERIES_PER_CLASS: Mapping[str, int] = {
    "name": 24,
    "descriptive": 34,
    "brand": 16,
    "identifier": 15,
    "attribute-combination": 18,
    "typo": 15,
}

_HARD_ZEROS = 12
"""Irrelevant products named per query, those whose titles share most words with it."""
_ATTEMPTS = 10_000


@dataclass(frozen=True, slots=True)
class Query:
    """A query with the labels of its products, 0 … 3; unnamed products are irrelevant."""

    id: str
    text: str
    query_class: str
    labels: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A query's text and what to judge by: an intent, or the product meant and its group."""

    text: str
    intent: Intent | None = None
    labels: Mapping[str, int] | None = None


def make_queries(variants: Sequence[Variant], seed: int) -> list[Query]:
    """About 120 queries, each made after some product of `variants`, so that each has an answer.

    Raises:
        ValueError: the catalogue is too small for that many different queries.
    """
    candidates = [candidate(variant) for variant in variants]
    queries: list[Query] = []
    for query_class, count in QUERIES_PER_CLASS.items():
        for draft in _drafts(query_class, count, variants, seed):
            labels = draft.labels or _labels(draft, candidates)
            queries.append(Query(f"q{len(queries) + 1:03d}", draft.text, query_class, labels))
    return queries


def _drafts(
    query_class: str, count: int, variants: Sequence[Variant], seed: int
) -> Iterator[_Draft]:
    seen: set[str] = set()
    for attempt in range(_ATTEMPTS):
        if len(seen) == count or not variants:
            break
        draw = Draw(seed, f"query/{query_class}", attempt)
        draft = _WRITERS[query_class](draw.pick(variants), draw, variants)
        if draft is not None and draft.text not in seen:
            seen.add(draft.text)
            yield draft
    if len(seen) < count:
        raise ValueError(
            f"{len(variants)} products give only {len(seen)} of {count} {query_class} queries; "
            "make a larger catalogue"
        )


def _labels(draft: _Draft, candidates: Sequence[Candidate]) -> dict[str, int]:
    """Everything relevant, and the irrelevant products that are easiest to confuse with it."""
    wanted = draft.intent
    labels: dict[str, int] = {}
    confusable: list[tuple[int, str]] = []
    words = set(draft.text.lower().split())
    for product in candidates:
        label = wanted.label(product) if wanted else 0
        if label:
            labels[product.id] = label
        elif shared := len(words & set(product.title.lower().replace(",", " ").split())):
            confusable.append((-shared, product.id))
    labels.update((product_id, 0) for _, product_id in sorted(confusable)[:_HARD_ZEROS])
    return dict(sorted(labels.items()))


def _named(noun: str) -> list[Kind]:
    """The kinds that shoppers call so."""
    asked = noun.lower()
    return [
        kind
        for kind in load_vocabulary()
        if asked == kind.name.lower() or asked in (called.lower() for called in kind.nouns)
    ]


def _wish(trait: Trait) -> tuple[str, str]:
    return trait.attribute, trait.value


def _name(variant: Variant, draw: Draw, _: Sequence[Variant]) -> _Draft | None:
    """Kind and one attribute, in the words of titles: ``waterproof jacket``."""
    kind = variant.model.kind
    titled = [trait for trait in variant.model.traits if trait.title]
    if not titled:
        return None
    trait = draw.pick(titled)
    return _Draft(f"{trait.title} {kind.name}".lower(), intent(_named(kind.name), _wish(trait)))


def _descriptive(variant: Variant, draw: Draw, _: Sequence[Variant]) -> _Draft:
    """What it is to be good for: ``warm jacket for rainy hikes``."""
    model = variant.model
    noun = draw.pick(model.kind.nouns)
    first, *others = draw.some(model.traits, len(model.traits))
    text = draw.pick(first.asks).format(noun=noun)
    wishes = [_wish(first)]
    # A second "for …" would be no sentence, an adjective in front always is one.
    adjectives = [(ask, other) for other in others for ask in other.asks if _is_adjective(ask)]
    if adjectives and text.startswith(noun):
        ask, other = draw.pick(adjectives)
        text = ask.format(noun=text)
        wishes.append(_wish(other))
    return _Draft(text.lower(), intent(_named(noun), *wishes))


def _is_adjective(ask: str) -> bool:
    return ask.endswith("{noun}")


def _brand(variant: Variant, draw: Draw, _: Sequence[Variant]) -> _Draft:
    """Brand with a kind, with a product line, or alone."""
    model = variant.model
    brand = ("brand", model.brand)
    form = draw.pick(("kind", "kind", "line", "alone"))
    if form == "kind":
        noun = draw.pick(model.kind.nouns)
        return _Draft(f"{model.brand} {noun}".lower(), intent(_named(noun), brand))
    if form == "line":
        text = f"{model.brand} {model.line}".lower()
        return _Draft(text, intent((), brand, ("line", model.line)))
    return _Draft(model.brand.lower(), intent((), brand))


def _identifier(variant: Variant, draw: Draw, variants: Sequence[Variant]) -> _Draft:
    """GTIN or MPN of one variant, or the model number of its whole group."""
    record, model = variant.record, variant.model
    siblings = {other.record["id"]: 1 for other in variants if other.model is model}
    form = draw.pick(("gtin", "mpn", "model"))
    if form == "model":
        text = draw.pick((model.number, model.number.lower(), model.number.replace("-", " ")))
        return _Draft(text, labels=dict.fromkeys(siblings, PERFECT))
    return _Draft(record[form], labels=siblings | {record["id"]: PERFECT})


def _combination(variant: Variant, draw: Draw, _: Sequence[Variant]) -> _Draft | None:
    """Several attributes as facets name them: ``blue waterproof jacket women``."""
    model = variant.model
    words: list[str] = []
    wishes: list[tuple[str, str]] = []
    if variant.colour:
        words.append(variant.colour.family)
        wishes.append(("colour_family", variant.colour.family))
    if not model.kind.contains and draw.chance(40):
        words.append(model.material.name)
        wishes.append(("material", model.material.name))
    titled = [trait for trait in model.traits if trait.title]
    if titled:
        trait = draw.pick(titled)
        words.append(trait.title)
        wishes.append(_wish(trait))
    words.append(model.kind.name)
    if model.audience:
        words.append(model.audience.key)
        wishes.append(("audience", model.audience.key))
    if len(wishes) < 2:  # noqa: PLR2004 - one attribute is no combination
        return None
    return _Draft(" ".join(words).lower(), intent(_named(model.kind.name), *wishes))


def _typo(variant: Variant, draw: Draw, variants: Sequence[Variant]) -> _Draft | None:
    """A name with one slip of the finger; judged as if there were none."""
    draft = _name(variant, draw, variants)
    if draft is None:
        return None
    text = misspell(draft.text, draw, _vocabulary_words())
    return _Draft(text, draft.intent) if text else None


def _vocabulary_words() -> set[str]:
    kinds = load_vocabulary()
    texts = [noun for kind in kinds for noun in (kind.name, *kind.nouns)]
    texts += [trait.title for kind in kinds for axis in kind.axes for trait in axis]
    return {word for text in texts for word in text.lower().split()}


_WRITERS: Mapping[str, Callable[[Variant, Draw, Sequence[Variant]], _Draft | None]] = {
    "name": _name,
    "descriptive": _descriptive,
    "brand": _brand,
    "identifier": _identifier,
    "attribute-combination": _combination,
    "typo": _typo,
}
