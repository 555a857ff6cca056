"""A user's token as shops send it: a pseudonym, which says nothing about a person."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

MAX_TOKEN = 129
MAX_CUSTOMER = 500
"""Characters of a customer's id in a file, which may be any text: it is hashed like a token."""
# With what pydantic says of types: "constrained-str", "list[SegmentName]", "[key]".
_FIELD = re.compile(
    r"[A-Za-z_\[][A-Za-z0-9_\[\](), ]{0,63}|[a-z]+(-[a-z]+)+(\[.{0,99}\])?|[0-9]{1,6}"
)
_TOKEN = re.compile(rf"[A-Za-z0-9_=/+.-]{{1,{MAX_TOKEN}}}")


def parse_token(text: str) -> str:
    """`text` itself, which is a token.

    Raises:
        ValueError: it is none, or says who the user is; does not repeat it.
    """
    if "@" in text or "%40" in text:
        raise ValueError(
            "found an e-mail address, expected a pseudonym such as a random number in a cookie; "
            "what names a person is not taken"
        )
    if not _TOKEN.fullmatch(text):
        raise ValueError(
            f"expected 1 to {MAX_TOKEN} letters, digits or characters of '_=/+.-'; a random "
            "number in a cookie does well"
        )
    return text


def repeatable(name: str) -> str:
    """`name` where it is like a name of ours, so that a message may have it; else ``…``.

    A request that is mistaken may have a person's name, or a token, in the place of a field's.
    """
    return name if _FIELD.fullmatch(name) else "…"


UserToken = Annotated[
    str,
    AfterValidator(parse_token),
    Field(
        description="The shopper's pseudonym. It is stored as a keyed hash only.",
        json_schema_extra={"pattern": rf"^{_TOKEN.pattern}$"},
        examples=["anon-5f1c0e7a"],
    ),
]
