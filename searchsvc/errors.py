"""The exceptions of the service; `searchsvc.http.problems` maps them to HTTP.

::

    SearchServiceError
    ├── BadQueryError          the request cannot be understood; names the place
    │   └── BadFilterError     an unknown field, a wrong type, a malformed expression
    ├── IndexNotFoundError     no such index here
    ├── ProductNotFoundError   no such product in the current generation
    ├── NotReadyError          the index exists, but no generation of it can be opened
    ├── PortError              the address to serve at is taken, or not this machine's
    ├── EmbeddingUnavailableError  no query vector in time: the answer is lexical only
    ├── JudgmentsError         judged queries cannot be read
    └── OverloadedError        more requests than can wait; try again later
"""


class SearchServiceError(Exception):
    """Root of everything the service raises on purpose."""


class BadQueryError(SearchServiceError):
    """The request cannot be understood."""


class BadFilterError(BadQueryError):
    """A filter names an unknown field, a value of the wrong type, or is malformed."""


class IndexNotFoundError(SearchServiceError):
    """No such index is served here."""


class ProductNotFoundError(SearchServiceError):
    """The current generation has no such product."""


class NotReadyError(SearchServiceError):
    """The index exists, but none of its generations can be opened."""


class PortError(SearchServiceError):
    """The address to serve at is taken, or not this machine's."""


class EmbeddingUnavailableError(SearchServiceError):
    """There is no vector of the query: no model, a failure, or not in time."""


class OverloadedError(SearchServiceError):
    """More requests arrived than can wait."""


class JudgmentsError(SearchServiceError):
    """A file of judgments is absent or malformed; the message names file, line and remedy."""
