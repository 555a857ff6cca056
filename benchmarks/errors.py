"""The exceptions of the benchmarks; every message names the value, what was expected, the remedy.

::

    BenchmarkError
    ├── CollectionError       a test collection cannot be read
    ├── FetchError            a published file cannot be downloaded
    ├── PurchasesError        a directory holds no purchases of its feed's products
    ├── ReplayError           recorded events hold nothing that could be asked again
    ├── RunFileError          a TREC run cannot be read or written
    ├── SplitError            a time does not split the purchases in two
    └── UnknownSystemError    a system is asked for that is not in the table
"""


class BenchmarkError(Exception):
    """Root of everything that the benchmarks raise on purpose."""


class CollectionError(BenchmarkError):
    """A directory holds no collection that can be read."""


class FetchError(BenchmarkError):
    """A published file cannot be downloaded."""


class PurchasesError(BenchmarkError):
    """A directory holds no purchases of its feed's products."""


class ReplayError(BenchmarkError):
    """Recorded events hold no choice from an answer that could be asked for again."""


class RunFileError(BenchmarkError):
    """A TREC run cannot be read or written."""


class SplitError(BenchmarkError):
    """A time does not split the purchases into a past and a future."""


class UnknownSystemError(BenchmarkError):
    """There is no system of this name."""
