"""Parameters of Algolia's routes: any JSON, and any text in URL encoding."""

from __future__ import annotations

import orjson

from searchsvc.errors import BadQueryError, IndexNotFoundError
from searchsvc.http.algolia.attributes import Attributes
from searchsvc.http.algolia.parameters import flatten, parse_parameters
from searchsvc.http.algolia.question import ask, ask_facet
from searchsvc.http.algolia.shoppers import shopper_in
from searchsvc.search import search
from tests.fuzz.shop import EMBEDDER, audience

SEEDS = (
    b'{"query": "red shoe", "facets": ["brand", "categories.lvl0", "price"], "page": 1}',
    b'{"facetFilters": [["brand:Acme", "brand:-HP"], "color:\\\\-blue"], "hitsPerPage": 0}',
    b'{"numericFilters": ["price>=10", ["rating>4", "price:1 TO 2"]], "tagFilters": ""}',
    b'{"filters": "(brand:Acme OR brand:HP) AND price:10 TO 500", "distinct": true}',
    b'{"insideBoundingBox": [[47.3, 0.2, 41.5, 3.0]], "aroundLatLng": "50,8"}',
    b'{"insidePolygon": [[1, 2, 3, 4, 5, 6]], "aroundRadius": "all", "getRankingInfo": 1}',
    b'{"optionalFilters": ["brand:HP<score=2>", ["color:Red"]], "facets": "*"}',
    b'{"type": "facet", "facet": "brand", "facetQuery": "ac", "maxFacetHits": 10}',
    b'{"params": {"query": "x"}, "userToken": "u", "consent": true, "context": {"a": 1}}',
    b"query=red%20shoe&facets=%5B%22brand%22%5D&hitsPerPage=3&typoTolerance=min",
    b"aroundLatLng=1,2&attributesToSnippet=title:3&removeWordsIfNoResults=allOptional",
)


def target(data: bytes) -> None:
    """Ask the shop what `data` asks for."""
    text = data.decode("utf-8", "replace")
    try:
        sent = orjson.loads(data) if data.lstrip().startswith(b"{") else {"params": text}
    except orjson.JSONDecodeError:
        sent = {"params": text}
    catalogue = audience()
    try:
        parameters = parse_parameters(flatten(sent))
        attributes = Attributes(catalogue.snapshot)
        shopper_in(parameters, implied=True)
        if parameters.type == "facet":
            question = ask_facet(parameters, attributes)
        else:
            question = ask(parameters, attributes, lambda _: {"brand": 1})
        search(question.query, catalogue.snapshot, EMBEDDER, catalogue.policy)
    except (BadQueryError, IndexNotFoundError):
        return  # as it is documented
