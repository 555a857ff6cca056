"""Pictures of products, as addresses that a page without a server can show."""

from __future__ import annotations

import re
from base64 import b64encode
from urllib.parse import urlsplit

from searchsvc.sample.image import product_image

# The service draws these at its own address, which a file does not have.
_SAMPLE_PICTURE = re.compile(
    r"(?:http://127\.0\.0\.1(?::\d+)?)?/?sample/image/(?P<kind>[a-z-]+)/(?P<colour>\w{6})\.svg"
)


def picture_address(image_link: str) -> str:
    """Where a page finds the picture of `image_link`.

    Returns:
        A ``data:`` address for a picture of the sample catalogue, an http(s) address as it is,
        ``""`` for anything else.
    """
    sample = _SAMPLE_PICTURE.fullmatch(image_link)
    if sample:
        svg = product_image(sample["kind"], sample["colour"])
        return f"data:image/svg+xml;base64,{b64encode(svg).decode()}" if svg else ""
    return image_link if _is_web_address(image_link) else ""


class Pictures:
    """The addresses of many products' pictures, each once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, image_link: str) -> int | None:
        """The place of the picture among `addresses`; None when there is nothing to show."""
        address = picture_address(image_link)
        return self._places.setdefault(address, len(self._places)) if address else None

    @property
    def addresses(self) -> list[str]:
        """All addresses, by place."""
        return list(self._places)


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:  # half an IPv6 address
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
