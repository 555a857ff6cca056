"""The exceptions of the benchmarks; every message names the value, what was expected, the remedy.

::

    BenchmarkError
    ├── CollectionError       a test collection cannot be read
    ├── FetchError            a published file cannot be downloaded
    ├── PurchasesError        a directory holds no purchases of its feed's products
    ├── MismatchError         two result files are not of the same kind, data or machine
    ├── ReplayError           recorded events hold nothing that could be asked again
    ├── ResultFileError       a file holds no result of a benchmark
    ├── RunFileError          a TREC run cannot be read or written
    ├── ServerError           a service under test does not start, or answers with a failure
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


class MismatchError(BenchmarkError):
    """Two result files cannot be compared: other commands, data or machines."""


class ReplayError(BenchmarkError):
    """Recorded events hold no choice from an answer that could be asked for again."""


class ResultFileError(BenchmarkError):
    """A file holds no result of a benchmark."""


class RunFileError(BenchmarkError):
    """A TREC run cannot be read or written."""


class ServerError(BenchmarkError):
    """A service under test does not start, or answers with a failure."""


class SplitError(BenchmarkError):
    """A time does not split the purchases into a past and a future."""


class UnknownSystemError(BenchmarkError):
    """There is no system of this name."""
