"""What a delta came to, as it is reported."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Published = Literal["nothing", "patch", "merge"]
"""``patch``: texts and vectors are those of the generation before; ``merge``: some are new."""


@dataclass(frozen=True, slots=True)
class DeltaReport:
    """The outcome of a delta.

    Attributes:
        index: its name.
        generation: the one that is current now.
        published: what it took; ``nothing`` where the delta changed nothing.
        products: in the generation.
        added: products that are new.
        updated: products that are different now.
        reworded: of `updated`, those whose texts or identifiers changed.
        removed: products that are gone.
        rejected: records that changed nothing because something is wrong with them.
        rejections: how many records for each field and reason.
        examples: the first rejected records, each as the JSON line of the file of them.
        embedded: texts that the model had to read.
        changed_since_build: products that were added, removed or reworded by this delta and those
            before it, since everything was built at once.
        compaction_due: whether these are so many that `compact` should be run.
        forced: a guard was overridden: its message.
        bytes: of the snapshot.
        seconds: taken by each stage.
        rejections_file: where each rejected record is listed, if any.
        gate: the figures by which the gate let it pass, or was overridden.
    """

    index: str
    generation: str
    published: Published = "nothing"
    products: int = 0
    added: int = 0
    updated: int = 0
    reworded: int = 0
    removed: int = 0
    rejected: int = 0
    rejections: dict[str, int] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    embedded: int = 0
    changed_since_build: int = 0
    compaction_due: bool = False
    forced: tuple[str, ...] = ()
    bytes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    rejections_file: str = ""
    gate: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return asdict(self)
