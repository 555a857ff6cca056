"""What shapes the files of one index: recorded in its manifest, changed by a reindex only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from indexer.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

TextField = Literal["title", "brand", "category", "attributes", "description"]
"""The five texts of a product that are searched."""

Language = Literal[
    "arabic", "danish", "dutch", "english", "finnish", "french", "german", "greek", "hungarian",
    "italian", "norwegian", "portuguese", "romanian", "russian", "spanish", "swedish", "turkish",
    "none",
]  # fmt: skip
"""A Snowball language, or ``none`` for no stemming."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LexicalSettings(_Settings):
    """BM25 over weighted fields (BM25F; formula in `indexer.lexical.bm25`).

    Attributes:
        weights: how much an occurrence in each field counts; a field left out is not indexed.
        k1: how soon further occurrences stop counting.
        b: how much a long field is held against a product, 0 to 1.
        idf: ``lucene`` is always positive; ``okapi`` is that of rank-bm25.
    """

    weights: dict[TextField, Annotated[float, Field(gt=0, le=100)]] = {
        "title": 1.0,
        "brand": 1.0,
        "category": 1.0,
        "attributes": 0.25,
        "description": 1.0,
    }
    k1: float = Field(0.6, ge=0, le=10)
    b: float = Field(0.75, ge=0, le=1)
    idf: Literal["lucene", "okapi"] = "lucene"

    @model_validator(mode="after")
    def _some_field(self) -> Self:
        if not self.weights:
            raise ValueError("lexical.weights names no field; give at least 'title'")
        return self


class EmbeddingSettings(_Settings):
    """Which texts of a product become its vector.

    Attributes:
        fields: joined in this order into the text that the model reads.
        max_characters: the joined text is cut here; the model has a limit of its own.
        distil: whether a query encoder is fitted to the catalogue; a model without word pieces
            gets none.
    """

    fields: tuple[TextField, ...] = ("title", "category", "description")
    max_characters: int = Field(400, ge=16, le=20_000)
    distil: bool = True


class VectorSettings(_Settings):
    """How the nearest neighbours are found.

    Attributes:
        exact_below: catalogues of fewer products are searched exhaustively.
        target_recall: recall@100 that the inverted lists must reach on samples of the catalogue.
    """

    exact_below: int = Field(4_000, ge=0, le=100_000)
    target_recall: float = Field(0.975, ge=0.5, le=1)


_LESS_IS_BETTER = frozenset({"zero_result_rate", "gone_rate"})


class GateBound(_Settings):
    """What one figure of a new generation must be like for it to be published.

    Attributes:
        measure: ``nDCG@10``, ``R@100``, ``RR(judged_only=True)@10`` …; ``zero_result_rate``, the
            share of the queries without any hit; ``gone_rate``, the share of the relevant
            judgments whose product is not in the generation, over all judged queries. Of the
            two rates less is better, of the others more.
        min: the lowest value allowed.
        max: the highest value allowed.
        max_drop: how far a measure may fall below the published generation's.
        max_rise: how far a rate may rise above the published generation's.
    """

    measure: Annotated[
        str,
        Field(pattern=r"^(\w+(\(judged_only=True\))?@[1-9]\d{0,2}|zero_result_rate|gone_rate)$"),
    ]
    min: float | None = Field(None, ge=0, le=1)
    max: float | None = Field(None, ge=0, le=1)
    max_drop: float | None = Field(None, ge=0, le=1)
    max_rise: float | None = Field(None, ge=0, le=1)

    @model_validator(mode="after")
    def _some_limit(self) -> Self:
        if (self.min, self.max, self.max_drop, self.max_rise) == (None,) * 4:
            raise ValueError(
                f"the bound of {self.measure} has no limit; give min, max, max_drop or max_rise"
            )
        return self

    @model_validator(mode="after")
    def _limits_what_is_worse(self) -> Self:
        wrong, right = "max_rise", "max_drop"
        if self.measure in _LESS_IS_BETTER:
            wrong, right = right, wrong
        if getattr(self, wrong) is not None:
            raise ValueError(
                f"{wrong} of {self.measure} would refuse what is better than before; "
                f"give {right} instead"
            )
        return self


class GateSettings(_Settings):
    """What a new generation must be able to do before it is published.

    Attributes:
        judgments: a directory with ``queries.jsonl`` and ``qrels.tsv``; a relative one is inside
            the index's own directory.
        bounds: all of them must hold.
    """

    judgments: Annotated[str, Field(min_length=1, max_length=4_096)]
    bounds: Annotated[tuple[GateBound, ...], Field(min_length=1, max_length=100)]


class IndexSettings(_Settings):
    """Build settings of one index.

    Attributes:
        language: of the catalogue's texts.
        field_mapping: the shop's own field name to ours (``{"artnr": "id"}``).
        default_currency: of prices that name none.
        gate: what a new generation must be able to do; ``None`` publishes any.
    """

    language: Language = "english"
    field_mapping: dict[str, str] = {}
    default_currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    lexical: LexicalSettings = LexicalSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    vectors: VectorSettings = VectorSettings()
    gate: GateSettings | None = None

    @classmethod
    def read(cls, path: Path) -> IndexSettings:
        """The settings in the JSON file at `path`.

        Raises:
            SettingsError: no such file, or it does not say what it should.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise SettingsError(
                f"settings file {path} cannot be read ({error.strerror}). Give an existing file."
            ) from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "the file"
            raise SettingsError(
                f"settings file {path}: {place}: {first['msg']} (found {first['input']!r}). "
                "The README's section 'Index settings' lists every setting."
            ) from error
